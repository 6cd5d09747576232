"""Does as each line of its input says, by Scale's own library, and answers each with a line.

The key, the account and the address stand in the environment, where the library looks for them.
"""

import asyncio
import inspect
import json
import sys
import warnings

import scale_gp_beta
from scale_gp_beta import APIError, AsyncSGPClient, SGPClient

clients = {}


def client_of(asked):
    """One for each way of using it. Every answer is held against the library's own models."""
    options = {"_strict_response_validation": True, **asked.get("options", {})}
    name = (asked["mode"], json.dumps(options, sort_keys=True))
    if name not in clients:
        kind = AsyncSGPClient if asked["mode"] == "async" else SGPClient
        clients[name] = kind(**options)
    return clients[name]


async def settled(value):
    return await value if inspect.isawaitable(value) else value


async def walked(page):
    """Every item of every page, as the library itself goes from one to the next."""
    if hasattr(page, "__aiter__"):
        return [shown(item) async for item in page]
    return [shown(item) for item in page]


def shown(model):
    return None if model is None else model.to_dict(mode="json")


async def answer(asked):
    secrets = client_of(asked).secrets
    call, given = asked["call"], asked.get("with", {})
    if call == "version":
        return {"library": scale_gp_beta.__version__, "python": sys.version.split()[0]}
    if call == "raw":
        raw = await settled(getattr(secrets.with_raw_response, asked["of"])(**given))
        text = raw.http_response.text
        parsed = await settled(raw.parse())
        return {"status": raw.status_code, "headers": dict(raw.headers), "text": text, "parsed": shown(parsed)}
    if call == "walk":
        page = secrets.list(**given)
        return await walked(page if asked["mode"] == "async" else await settled(page))
    return shown(await settled(getattr(secrets, call)(**given)))


async def main():
    # The library calls all of its routes deprecated; that is said on this side alone.
    warnings.simplefilter("ignore", DeprecationWarning)
    for line in sys.stdin:
        try:
            said = {"value": await answer(json.loads(line))}
        except APIError as error:
            status = getattr(error, "status_code", None)
            said = {"error": type(error).__name__, "status": status, "body": error.body, "message": str(error)}
        print(json.dumps(said), flush=True)


asyncio.run(main())
