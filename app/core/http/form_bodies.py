"""Request bodies that are forms (`application/x-www-form-urlencoded`), read strictly."""

from __future__ import annotations

from urllib.parse import parse_qsl

from app.core.errors import ErrorItem, InvalidRequest, Unreadable, UnsupportedMediaType
from app.core.http.request_heads import UTF_8, charset_of
from app.core.http.routing import ReadBody, StrictRoute

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 50


def read_form(body: bytes, content_type: str) -> dict[str, str]:
    """Return the fields of a form that have a value; a field without one counts as left out.

    Raises `UnsupportedMediaType` for a charset other than UTF-8, `Unreadable` for what is no form, `InvalidRequest` for
    fields that stand twice.
    """
    if charset_of(content_type) not in UTF_8:
        raise UnsupportedMediaType("The Content-Type names a charset other than UTF-8. Leave it out.")
    if body.lstrip()[:1] in (b"{", b"["):
        raise Unreadable("The body is declared as a form, and is JSON. Send name=value pairs with & between them.")
    try:
        given = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except UnicodeDecodeError:
        raise Unreadable("The form is not in UTF-8.") from None
    except ValueError:
        raise Unreadable(f"The form has more than {MOST_FIELDS} fields.") from None
    fields: dict[str, str] = {}
    repeated: list[str] = []
    for name, value in given:
        if value:
            repeated += [name] * (name in fields)
            fields[name] = value
    if repeated:
        number = len(set(repeated))
        what = "A field stands" if number == 1 else f"{number} fields stand"
        raise InvalidRequest(
            errors=[
                ErrorItem(
                    code="field-repeated", pointer="", detail=f"{what} twice in the form.", hint="Send each once."
                )
            ]
        )
    return fields


class FormRoute(StrictRoute):
    """A route whose body is a form."""

    media_types = (FORM,)

    def reader_of(self, content_type: str) -> ReadBody | None:
        """Return what reads a body of a media type."""
        return read_form if content_type.partition(";")[0].strip().lower() == FORM else None
