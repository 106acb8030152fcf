"""Many cheap cases in one test: a table is gone through to its end, and all that is wrong with it is listed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def for_all(names: str, cases: Iterable[Any], name_of: Callable[[Any], str] = str) -> Callable[[Any], Any]:
    """Hold a test against every case of a table, as `pytest.mark.parametrize` does, though in one test.

    `names` are the arguments that a case fills, with commas between them; its other arguments are fixtures, made once:
    a case leaves nothing behind that the next would mind. Every case that fails is listed with its name and its reason.
    """
    filled = [name.strip() for name in names.split(",")]
    table = list(cases)

    def against_all(test: Callable[..., None]) -> Callable[..., None]:
        def run(**fixtures: Any) -> None:
            assert table, "there is no case"
            faults = []
            for case in table:
                values: Mapping[str, Any] = dict(zip(filled, case if len(filled) > 1 else [case], strict=True))
                try:
                    test(**fixtures, **values)
                except AssertionError as fault:
                    faults.append(f"{name_of(case)}: {fault or 'the assertion does not hold'}")
                except Exception as error:
                    error.add_note(f"in the case {name_of(case)}")
                    raise
            assert not faults, "\n\n".join([f"{len(faults)} of {len(table)} cases fail", *faults])

        signature = inspect.signature(test)
        fixtures = [parameter for name, parameter in signature.parameters.items() if name not in filled]
        run.__signature__ = signature.replace(parameters=fixtures)  # type: ignore[attr-defined]
        run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
        return run

    return against_all
