"""The shape of a question for a learner's match: what is known of one person, whom all of it has to fit.

The elements are read in an element of any name, and wherever in it they stand.
"""

from __future__ import annotations

from functools import partial

from app.files.shapes.parts import Content, Occurs, Part

_text = partial(Part, holds=Content.TEXT)

DOCUMENT = Part(
    name="LearnerMatch", says="What is known of a learner.",
    parts=(
        Part(
            name="Member", says="Who it is.",
            parts=(
                Part(
                    name="Name", says="The name as on the licence.",
                    parts=(_text(name="GivenName", says="First name."), _text(name="FamilyName", says="Last name.")),
                ),
                Part(
                    name="PersonalInfo", says="What tells people of one name apart.",
                    parts=(Part(name="BirthDate", says="Month and day of birth.", holds=Content.BIRTH_DATE),),
                ),
            ),
        ),
        _text(
            name="UniqueID", says="A number of the learner's.", occurs=Occurs.SOMETIMES_AGAIN,
            attributes=(_text(name="domain", says="Whose it is: a board's code, a state's two letters, or NPI."),),
        ),
        _text(name="StateOfLicensure", says="The state of a licence."),
        _text(name="StateMedicalLicenseID", says="The licence's number."),
        _text(name="CertifyingBoard", says="A certifying board's code."),
        _text(name="CertifyingBoardID", says="The number with that board."),
        _text(name="NPI", says="The NPI."),
        _text(name="MedicalSchool", says="The medical school."),
    ),
)  # fmt: skip
"""The whole question."""
