"""Who visits a page: the session of the cookie, the person, their role at the place of the address, and the caller.

    @router.post("/p/{provider_id}/activities")
    async def register(request: Request, visitor: Reporter, provider_id: str, sent: Sent) -> Response: …

The role that a page needs stands in its signature. A place where the person has no seat answers as one that is not
there; too low a role answers 403. What writes has to come from a page of ours, with the session's token in its form.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import parse_qs, quote

from fastapi import Depends

from app.console import returning
from app.console.frame import PageOwner
from app.console.refusals import READY, VISITOR
from app.console.routes import RoleDependency
from app.core.errors import Forbidden, NotFound, Unauthenticated, UnsupportedMediaType
from app.core.http.browsers import READING, refuse_foreign, session_token
from app.core.http.exchange import Exchange
from app.core.http.form_bodies import FORM
from app.domain.clients import Role
from app.domain.people.persons import RANKS, PersonRole
from app.domain.people.sessions import read_path
from app.services.access.rates import RateLimits
from app.services.context import Caller, Service
from app.services.people import sessions, visits
from app.services.people.sessions import SignedIn
from app.services.people.visits import PlaceKind, Seat, Visit, Whereabouts

PASSPORT = PageOwner("/passport", "CME Passport")
"""Whose pages a physician's are."""


class Visitor:
    """Somebody who is signed in, at a place, as pages and the frame see them."""

    def __init__(self, service: Service, visit: Visit, seat: Seat, exchange: Exchange, owner: PageOwner | None) -> None:
        self.service = service
        self.signed_in = visit.signed_in
        self.person = visit.signed_in.person
        self.session = visit.signed_in.session
        self.memberships = visit.signed_in.memberships
        self.seat = seat
        self.role = seat.role
        self.owner = owner
        self.token = sessions.form_token(service, self.session)
        self._names = visit.names
        self._caller = Caller(
            service=service,
            client=seat.client,
            provider=seat.provider,
            request_id=exchange.request_id,
            meter=exchange.scope["app"].state.rates,
        )
        self._held = exchange.scope["method"] in READING

    @property
    def caller(self) -> Caller:
        """In whose name services are called.

        Raises `UnsupportedMediaType` while no form's token was looked at: what was sent is none of the page's forms.
        """
        if not self._held:
            raise UnsupportedMediaType("This is not the form of this page. Open the page, and send its form.")
        return self._caller

    def hold(self, token: str) -> None:
        """Look at the token of a form that is read as it arrives, as uploads are; raises `Forbidden`."""
        if not sessions.is_form_token(self.service, self.session, token):
            raise _foreign_form()
        self._held = True

    def named(self, provider_id: str) -> str | None:
        """Return the name of a provider, of those that the page may name."""
        return self._names.get(provider_id)

    @property
    def home(self) -> str:
        """Where the pages of the place begin, such as `/p/0008001`; empty on pages about the person."""
        return self.owner.address if self.owner is not None else ""

    @property
    def reads_only(self) -> bool:
        """Whether the person sees another's pages, as an operator does a provider's, and changes nothing there."""
        return self.owner is not None and self.owner.reads_only

    @property
    def name(self) -> str:
        """What pages call the person."""
        return self.person.shown_name

    @property
    def theme(self) -> str:
        """The theme that the person chose."""
        return self.person.theme.value

    @property
    def time_zone(self) -> str:
        """The zone in which instants are shown."""
        return self.person.time_zone

    @property
    def roles(self) -> frozenset[str]:
        """The role at the place, with those that it includes; who only reads is a reader there."""
        if self.owner is None:
            return frozenset()
        if self.reads_only:
            return frozenset({PersonRole.READER.value})
        if self.role not in RANKS:
            return frozenset({self.role.value})
        return frozenset(role.value for role in RANKS[: RANKS.index(self.role) + 1])

    @property
    def owners(self) -> Sequence[PageOwner]:
        """Some of those whose pages the person may see."""
        own = {id for membership in self.memberships for id in membership.provider_ids}
        named = {id: name for id, name in self._names.items() if id in own or not self.reads_only}
        found = [PageOwner(f"/p/{id}", name) for id, name in named.items()]
        found += [
            PageOwner(f"/b/{membership.board}", membership.board)
            for membership in self.memberships
            if membership.board is not None
        ]
        roles = {membership.client_role for membership in self.memberships}
        if Role.OPERATOR in roles:
            found.append(PageOwner("/operator", "Operator"))
        if Role.LEARNER in roles:
            found.append(PASSPORT)
        return found


class VisitorDependency(RoleDependency):
    """Resolves who visits a page that needs a role at a kind of place."""

    def __init__(self, role: str, kind: PlaceKind, *, searches: bool = False) -> None:
        super().__init__(role)
        self._kind = kind
        self._searches = searches

    async def resolve(self, exchange: Exchange) -> Visitor:
        """Return the visitor; raises `Unauthenticated` with a way to sign in, `Forbidden`, `NotFound`."""
        state = exchange.scope["app"].state
        service: Service = state.service
        refuse_foreign(exchange)
        where = self._where(exchange)
        visit = await _look_up(exchange, service, where)
        if visit is None or not visit.is_signed_in(service.clock()):
            raise await _sign_in_first(exchange, visit.signed_in if visit is not None else None)
        if visit.signed_in.needs_factor:
            raise await _sign_in_first(exchange, visit.signed_in)
        if visit.seat is None:
            raise NotFound
        visitor = Visitor(service, visit, visit.seat, exchange, _owner(self._kind, visit, where))
        exchange.scope["state"][VISITOR] = visitor
        exchange.client = visit.seat.client
        await self._admit(exchange, state.rates, visitor)
        if exchange.scope["method"] not in READING:
            await self._hold_form(exchange, visitor)
        await visits.note_seen(service, visit.signed_in)
        return visitor

    def _where(self, exchange: Exchange) -> Whereabouts:
        values = exchange.path_values
        id = values.get("code") if self._kind is PlaceKind.BOARD else values.get("provider_id")
        return Whereabouts(kind=self._kind, id=None if self._kind is PlaceKind.ANYWHERE else id)

    async def _admit(self, exchange: Exchange, rates: RateLimits, visitor: Visitor) -> None:
        client_id = visitor.seat.client.client_id
        if missing := rates.admit(client_id):
            await rates.refuse(client_id, missing)
        if visitor.seat.provider is not None:
            rates.charge_provider(visitor.seat.provider)
        needed = {role.value: place for place, role in enumerate(RANKS)}.get(self.role)
        if needed is not None and RANKS.index(visitor.role) < needed:
            raise Forbidden(f"This needs the role {self.role}; yours here is {visitor.role.value}.")
        if visitor.reads_only and not self._searches and exchange.scope["method"] not in READING:
            raise Forbidden("An operator looks at a provider's pages, and changes nothing there.")

    async def _hold_form(self, exchange: Exchange, visitor: Visitor) -> None:
        """Look at the token of a form that was read; one that is read as it arrives is the page's to hold."""
        if is_form(exchange):
            visitor.hold(token_of(await exchange.body()))


class SessionDependency(RoleDependency):
    """Resolves a session, of which the second factor may still be missing."""

    def __init__(self, *, holds: bool) -> None:
        super().__init__("person")
        self._holds = holds

    async def resolve(self, exchange: Exchange) -> SignedIn:
        """Return the session; raises `Unauthenticated` with a way to sign in."""
        service: Service = exchange.scope["app"].state.service
        refuse_foreign(exchange)
        visit = await _look_up(exchange, service, Whereabouts(kind=PlaceKind.ANYWHERE))
        if visit is None or not visit.is_signed_in(service.clock()):
            raise await _sign_in_first(exchange, None)
        if self._holds and exchange.scope["method"] not in READING:
            token = token_of(await exchange.body())
            if not sessions.is_form_token(service, visit.signed_in.session, token):
                raise _foreign_form()
        return visit.signed_in


class SameSiteDependency(RoleDependency):
    """Declares that anybody may send a form, from a page of ours."""

    async def resolve(self, exchange: Exchange) -> None:
        """Raise `Forbidden` for a form of another site, `RateLimited` for one too many of an address."""
        refuse_foreign(exchange)
        if exchange.scope["method"] not in READING:
            exchange.scope["app"].state.rates.admit_sign_in(exchange.host)


OUR_PAGES: Any = Depends(SameSiteDependency("anybody"))
"""Marks pages that need no session, whose forms are sent from a page of ours."""
AnySession = Annotated[SignedIn, Depends(SessionDependency(holds=True))]
"""Whoever has opened a link, though the second factor may still be missing: for the pages that ask for it."""
ReturningSession = Annotated[SignedIn, Depends(SessionDependency(holds=False))]
"""The same, by a form that was drawn before there was a session, and changes nothing."""
AnyPerson = Annotated[Visitor, Depends(VisitorDependency("person", PlaceKind.ANYWHERE))]
"""Whoever is signed in, at a page about themselves."""
Reader = Annotated[Visitor, Depends(VisitorDependency(PersonRole.READER.value, PlaceKind.PROVIDER))]
Reporter = Annotated[Visitor, Depends(VisitorDependency(PersonRole.REPORTER.value, PlaceKind.PROVIDER))]
Manager = Annotated[Visitor, Depends(VisitorDependency(PersonRole.MANAGER.value, PlaceKind.PROVIDER))]
"""These three: at the provider that `{provider_id}` of the address names."""
BoardStaff = Annotated[Visitor, Depends(VisitorDependency(PersonRole.BOARD.value, PlaceKind.BOARD))]
"""At the board that `{code}` of the address names."""
Operator = Annotated[Visitor, Depends(VisitorDependency(PersonRole.OPERATOR.value, PlaceKind.INSTALLATION))]
"""At a provider's pages where the address has `{provider_id}`: there nothing is changed."""
SearchingOperator = Annotated[
    Visitor, Depends(VisitorDependency(PersonRole.OPERATOR.value, PlaceKind.INSTALLATION, searches=True))
]
"""The same, by a form that only asks: it is posted so that no name stands in an address."""
Physician = Annotated[Visitor, Depends(VisitorDependency(PersonRole.LEARNER.value, PlaceKind.PASSPORT))]
"""A physician, at their own pages; whether the account is confirmed, the services ask."""


async def _look_up(exchange: Exchange, service: Service, where: Whereabouts) -> Visit | None:
    token = session_token(exchange.scope["app"].state, exchange.headers)
    if token is None:
        return None
    return await service.database.read_by_key_async(
        lambda connection: visits.look_up(connection, service, token, where)
    )


def _owner(kind: PlaceKind, visit: Visit, where: Whereabouts) -> PageOwner | None:
    """Return whose a page is, under the id that the provider has now."""
    seat = visit.seat
    if seat is None or kind is PlaceKind.ANYWHERE:
        return None
    if kind is PlaceKind.BOARD:
        return PageOwner(f"/b/{where.id}", where.id or "")
    if kind is PlaceKind.PROVIDER and seat.provider is not None:
        return PageOwner(f"/p/{seat.provider}", visit.names[seat.provider])
    if kind is PlaceKind.PASSPORT:
        return PASSPORT
    if seat.provider is not None:
        return PageOwner(f"/operator/as/{seat.provider}", visit.names[seat.provider], reads_only=True)
    return PageOwner("/operator", "Operator")


def _foreign_form() -> Forbidden:
    return Forbidden("The form is of another session. Load the page again, and send it from there.")


def is_form(exchange: Exchange) -> bool:
    """Whether the body is a form that is read whole."""
    return (exchange.header(b"content-type") or "").partition(";")[0].strip().lower() == FORM


def token_of(body: bytes) -> str:
    """Return the token of a form, empty without one."""
    # The rest of a form is read once, by its page.
    fields = b"&".join(piece for piece in body.split(b"&") if _may_be_token(piece.partition(b"=")[0]))
    found = parse_qs(fields.decode("utf-8", "replace"), max_num_fields=None).get("token", [""])
    return found[0] if len(found) == 1 else ""


def _may_be_token(name: bytes) -> bool:
    return name == b"token" or (b"%" in name and len(name) <= len("%74%6F%6B%65%6E"))


async def _sign_in_first(exchange: Exchange, signed_in: SignedIn | None) -> Unauthenticated:
    """Return the problem of who is not signed in, with the page that leads back here.

    What was sent by a form goes on after signing in: it is sealed into the page, for its person alone.
    """
    service: Service = exchange.scope["app"].state.service
    problem = Unauthenticated("You are not signed in, or were not here for a while.")
    if b"hx-request" in exchange.headers:
        return problem
    path = exchange.scope["path"]
    query = exchange.scope["query_string"].decode("latin-1")
    if exchange.scope["method"] in READING:
        next_path = read_path(f"{quote(path)}?{query}" if query else quote(path))
        exchange.scope["state"][READY] = returning.redirect_to_sign_in(next_path, signed_in, service.clock())
        return problem
    sealed = None
    if signed_in is not None and is_form(exchange):
        body = await exchange.body()
        if sessions.is_form_token(service, signed_in.session, token_of(body)):
            sealed = returning.seal_form(service, signed_in.person.person_id, path, body)
    exchange.scope["state"][READY] = returning.page_after_end(exchange, signed_in, sealed, service.clock())
    return problem
