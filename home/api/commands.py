"""The API's routes that ask the device for something: POST a request, see what became of it, DELETE what is pending."""
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, HTTPException, Path, Query

from home.access import access
from home.api import asking, models
from home.api.asking import DeviceName, From, To
from home.commands.desk import Refused
from home.store import commands
from home.store.database import reading

STATUS = {"argument": 400, "unknown": 404, "over": 409, "budget": 429, "line": 503}
PROBLEMS = asking.problems(400, 401, 403, 404, 409, 413, 429, 503)
Switcher = Annotated[access.Person, Depends(access.switching)]
_EXAMPLE = {"command": "start", "current_a": 16}


def router(service):
    """Over a home.service.Service."""
    made = APIRouter()

    def shown(command, device):
        return models.Command(
            key=command.key, device=device.name, asked_at=asking.iso(command.at_ms, device.timezone), who=command.who, request=command.request,
            name=command.name, command_id=command.command_id, expires_at=asking.iso(1000 * command.expires_at, device.timezone), fate=command.fate,
            detail=command.detail, changed_at=asking.iso(command.changed_ms, device.timezone), sends=command.sends)

    @made.post("/api/v1/commands", status_code=202, responses=PROBLEMS)
    def ask(request: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])], person: Switcher, device: DeviceName = None,
            anyway: Annotated[bool, Query(description="beyond the downlinks of a day, too")] = False) -> models.Command:
        """Ask the device for something, in the words that encodeDownlink takes. It is on its way; what became of it, `GET` says."""
        its = asking.device(service.settings, device)
        try:
            return shown(service.desk.ask(its, request, person.name, anyway), its)
        except Refused as refused:
            raise _problem(service, refused) from None

    @made.get("/api/v1/commands", responses=asking.problems(400, 401, 404, 503))
    def asked(device: DeviceName = None, first: From = None, to: To = None) -> list[models.Command]:
        """What the device was asked for, here or elsewhere, in time order, and what became of it."""
        its = asking.device(service.settings, device)
        with reading(service.engine) as connection:
            found = commands.between(connection, service.key(its), *asking.bounds(first, to, its.timezone))
        return [shown(command, its) for command in reversed(found)]

    @made.delete("/api/v1/commands/{key}", responses=PROBLEMS)
    def withdraw(key: Annotated[int, Path(ge=1, le=1 << 53)], person: Switcher, device: DeviceName = None) -> models.Command:
        """Withdraw what is pending: it leaves the network's queue. What is on the air already may be obeyed all the same; `detail` says so."""
        its = asking.device(service.settings, device)
        try:
            return shown(service.desk.withdraw(its, key, person.name), its)
        except Refused as refused:
            raise _problem(service, refused) from None

    return made


def _problem(service, refused):
    headers = None
    if refused.why == "budget":
        headers = {"Retry-After": str(max(1, -(-refused.values["again_ms"] // 1000) - int(service.clock())))}
    return HTTPException(STATUS[refused.why], str(refused), headers)
