"""`/pars/services/{Anything}.svc/{Operation}`: the same operations at addresses like those that clients have today.

Whatever stands before `.svc` is taken, and the operations are known by their names, so that a client changes no more
of its addresses than their beginning.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.routing import APIRoute

from app.routers.pars import activities, learner_activities, matches, transcripts
from app.routers.pars.forms import ParsRoute

PREFIX = "/pars/services/{service}.svc"
OPERATIONS = {
    "SaveActivity": "save_activities",
    "GetActivity": "find_activities",
    "SaveLearnerActivity": "save_learner_activities",
    "GetLearnerMatch": "match_learner",
    "GetLearnerStatusByLearner": "find_learner_activity",
    "GetLearnerStatusByCreditId": "find_learner_activity",
    "GetLearnerTranscriptbyLearner": "find_licensee_transcript",
    "GetLearnerTranscriptbyLearnerPDF": "find_licensee_transcript_file",
    "GetLearnerTranscriptCreditsByDate": "total_licensee_credits",
}
"""The names of operations, each with the one here that it is."""
router = APIRouter(route_class=ParsRoute, include_in_schema=False)
_ROUTES = {
    route.name: route
    for named in (activities.router, learner_activities.router, matches.router, transcripts.router)
    for route in named.routes
    if isinstance(route, APIRoute)
}
for operation, name in OPERATIONS.items():
    same = _ROUTES[name]
    router.add_api_route(
        f"{PREFIX}/{operation}", same.endpoint, methods=sorted(same.methods or ()), name=name, responses=same.responses,
        response_class=same.response_class, openapi_extra=same.openapi_extra,
    )  # fmt: skip
