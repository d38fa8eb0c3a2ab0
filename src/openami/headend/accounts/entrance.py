"""The pages before the sign-in: plain forms that need no script, and the way to an OpenID provider and back."""

import re
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from openami.core.errors import AmiError
from openami.headend import web
from openami.headend.accounts import one_time, people
from openami.headend.accounts.door import COOKIE, actor_of, cookie
from openami.headend.accounts.lockout import LockedOutError
from openami.headend.accounts.oidc import Provider
from openami.headend.accounts.service import Accounts, Opened, end_sign_in
from openami.headend.accounts.sign_in import WAITING, Client
from openami.headend.kit.access import Means
from openami.headend.web.markup import Html, html
from openami.headend.web.script import MARK
from openami.headend.web.services import Desk

router = APIRouter(include_in_schema=False)

STYLE = Path(web.__file__).with_name("style.css")
JOURNEY = "openami_journey"
JOURNEY_S = 600
LOCAL_PLACE = re.compile(r"/(?![/\\])[ -\[\]-~]*")
SHORT = Annotated[str, Form(max_length=1_000)]
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{title} · OpenAMI</title><style>{style}</style></head>
<body class="entrance"><main><p class="brand">{mark}<span>OpenAMI</span></p><h1>{title}</h1>{said}{form}</main></body>
</html>"""
SIGN_IN = """
<form method="post" action="/sign-in"><input type="hidden" name="next" value="{place}">
<label>Log-in<input name="login" value="{login}" autocomplete="username" autocapitalize="none" spellcheck="false"
 maxlength="200" required autofocus></label>
<label>Password<input name="password" type="password" autocomplete="current-password" maxlength="512" required></label>
<button>Sign in</button></form>{openid}"""
OPENID = """<form method="get" action="/sign-in/openid"><input type="hidden" name="next" value="{place}">
<button class="other">Sign in with {name}</button></form>"""
CODE = """
<form method="post" action="/sign-in/code"><input type="hidden" name="next" value="{place}">
<label>Code of your device<input name="code" inputmode="text" autocomplete="one-time-code" maxlength="40" required
 autofocus aria-describedby="hint"></label>
<p id="hint">Six digits that change every half minute, or one of your recovery codes.</p>
<button>Go on</button></form><p><a href="/sign-in">Begin again</a></p>"""
LINK = """
<form method="post" action="/sign-in/link"><input type="hidden" name="code" value="{code}">
<p>This link signs you in as <strong>{login}</strong>, once.</p><button autofocus>Sign in</button></form>"""


def of_app(request: Request) -> Accounts:
    """Give the accounts that `headend.app` has put into the app."""
    accounts = request.app.state.accounts
    assert isinstance(accounts, Accounts)
    return accounts


def client_of(request: Request) -> Client:
    """Where a request came from."""
    return Client(request.client.host if request.client else "", request.headers.get("user-agent", ""))


def place_of(text: str) -> str:
    """Where somebody wanted to go; nowhere but here."""
    return text if LOCAL_PLACE.fullmatch(text) else "/"


def page(title: str, form: Html, said: str = "", status: int = 200) -> HTMLResponse:
    """Make a page around a form."""
    told = html('<p class="notice" role="alert">{}</p>', said[:1].upper() + said[1:]) if said else Html()
    style = Html(STYLE.read_text(encoding="utf-8"))
    made = html(PAGE, title=title, style=style, mark=Html(MARK), said=told, form=form)
    return HTMLResponse(made, status)


def keep(response: Response, request: Request, opened: Opened) -> Response:
    """Give the browser the secret of its sign-in: no script reads it, no other site sends it."""
    response.set_cookie(
        COOKIE, opened.secret, httponly=True, samesite="lax", secure=request.url.scheme == "https", path="/"
    )
    return response


def _sign_in_page(request: Request, place: str, login: str = "", said: str = "", status: int = 200) -> HTMLResponse:
    oidc = of_app(request).settings.oidc
    openid = html(OPENID, place=place, name=oidc.name) if oidc else Html()
    return page("Sign in", html(SIGN_IN, place=place, login=login, openid=openid), said, status)


def _code_page(place: str, said: str = "", status: int = 200) -> HTMLResponse:
    return page("Second factor", html(CODE, place=place), said, status)


def status_of(error: AmiError) -> int:
    """Status of a sign-in that failed."""
    return 429 if isinstance(error, LockedOutError) else 401


@router.get("/sign-in")
def sign_in_page(request: Request, place: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
    """Ask for log-in and password."""
    if of_app(request).is_open:
        return RedirectResponse("/", 303)
    return _sign_in_page(request, place_of(place))


@router.post("/sign-in")
def sign_in(
    request: Request, login: SHORT, password: SHORT, place: Annotated[str, Form(alias="next", max_length=2_000)] = "/"
) -> Response:
    """Take log-in and password."""
    where = place_of(place)
    try:
        opened = of_app(request).sign_in(login, password, client_of(request))
    except AmiError as error:
        return _sign_in_page(request, where, login[:60], str(error), status_of(error))
    if opened.needs_code:
        return keep(_code_page(where), request, opened)
    return keep(RedirectResponse(where, 303), request, opened)


@router.get("/sign-in/code")
def code_page() -> Response:
    """Ask for a code."""
    return _code_page("/")


@router.post("/sign-in/code")
def code(
    request: Request,
    code: Annotated[str, Form(max_length=100)],
    place: Annotated[str, Form(alias="next", max_length=2_000)] = "/",
) -> Response:
    """Take the code."""
    accounts, where = of_app(request), place_of(place)
    secret = cookie(request.headers)
    known = accounts.known(secret)
    if known is None or known.level != WAITING:
        return RedirectResponse("/sign-in", 303)
    try:
        opened = accounts.second(secret, code, client_of(request))
    except AmiError as error:
        return _code_page(where, str(error), status_of(error))
    return keep(RedirectResponse(where, 303), request, opened)


@router.get("/sign-in/link")
def link_page(request: Request, code: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Show whom a one-time link is for. Only the button uses it up: mail programs look at links beforehand."""
    accounts = of_app(request)
    with accounts.database.read() as unit:
        number = one_time.holder(unit, one_time.LINK, code, accounts.wall())
        account = None if number is None else people.by_id(unit, number)
    if account is None:
        return page("Sign in", html('<p><a href="/sign-in">Sign in</a></p>'), "this link was used, or is too old", 401)
    return page("Sign in", html(LINK, code=code, login=account.login))


@router.post("/sign-in/link")
def link(request: Request, code: Annotated[str, Form(max_length=200)]) -> Response:
    """Sign in with a one-time link."""
    try:
        opened = of_app(request).by_link(code, client_of(request))
    except AmiError as error:
        return page("Sign in", html('<p><a href="/sign-in">Sign in</a></p>'), str(error), 401)
    if opened.needs_code:
        return keep(_code_page("/"), request, opened)
    return keep(RedirectResponse("/", 303), request, opened)


@router.get("/sign-in/openid")
async def openid(request: Request, place: Annotated[str, Query(alias="next", max_length=2_000)] = "/") -> Response:
    """Go to the provider."""
    accounts = of_app(request)
    provider = provider_of(request)
    if provider is None:
        return _sign_in_page(request, "/", said="no OpenID provider is set up here", status=404)
    try:
        url, browser = await provider.leave(accounts.database, place_of(place), accounts.wall())
    except AmiError as error:
        return _sign_in_page(request, place_of(place), said=str(error), status=502)
    response = RedirectResponse(url, 303)
    response.set_cookie(
        JOURNEY, browser, max_age=JOURNEY_S, httponly=True, samesite="lax", secure=request.url.scheme == "https",
        path="/sign-in/openid",
    )  # fmt: skip
    return response


def provider_of(request: Request) -> Provider | None:
    """Give the OpenID provider, if one is set up."""
    found = request.app.state.provider
    assert found is None or isinstance(found, Provider)
    return found


@router.get("/sign-in/openid/back")
async def openid_back(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
) -> Response:
    """Come back from the provider."""
    accounts, provider = of_app(request), provider_of(request)
    if provider is None or not code:
        return _sign_in_page(request, "/", said="the provider did not sign you in", status=401)
    browser = cookie(request.headers, JOURNEY)
    try:
        identity, place = await provider.come_back(accounts.database, state, code, browser, accounts.wall())
        opened = accounts.by_openid(identity.issuer, identity.subject, identity.email, client_of(request))
    except AmiError as error:
        return _sign_in_page(request, "/", said=str(error), status=401)
    if opened.needs_code:
        return keep(_code_page(place_of(place)), request, opened)
    response = keep(RedirectResponse(place_of(place), 303), request, opened)
    response.delete_cookie(JOURNEY, path="/sign-in/openid")
    return response


@router.post("/sign-out")
def sign_out(request: Request, desk: Desk) -> Response:
    """End this sign-in."""
    who = actor_of(request.scope)
    if who.means is Means.SIGN_IN:
        desk.write(lambda unit: end_sign_in(unit, who.credential, of_app(request).wall()), None)
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, path="/")
    return response
