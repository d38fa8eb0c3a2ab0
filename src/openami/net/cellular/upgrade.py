"""Upgrade of a module's own firmware over HTTPS (FOTA): fetched, verified, installed, or rolled back."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import inf

from openami.core.errors import LocalProtocolError
from openami.net.cellular.network import Network, Package
from openami.net.cellular.product import ModuleProduct


class Stage(Enum):
    """How far an upgrade has come."""

    IDLE = "idle"
    ORDERED = "ordered"
    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    INSTALLING = "installing"
    TRYING = "trying"


class Result(Enum):
    """How the last one has ended."""

    NONE = "none yet"
    SUCCESS = "success"
    NO_FILE = "no such file"
    NOT_SECURE = "not HTTPS"
    NOT_TRUSTED = "the server's certificate is not trusted"
    TOO_LONG = "no room"
    WRONG_MODEL = "for another model"
    WRONG_DIGEST = "the digest does not match"
    WRONG_VERSION = "not a newer version"
    INTERRUPTED = "power was lost while it was installed: rolled back"
    ROLLED_BACK = "the new version does not start: rolled back"


@dataclass(slots=True)
class Upgrade:
    """The upgrade of one module, which `restart` makes start again; the old version stays until the new one runs."""

    product: ModuleProduct
    network: Network
    restart: Callable[[float], None]
    version: str
    stage: Stage = Stage.IDLE
    result: Result = Result.NONE
    _got: float = 0.0
    _url: str = ""
    _due: float = inf
    _since: float = 0.0
    _rate_bps: float = 0.0

    @property
    def received(self) -> int:
        """Octets that are here."""
        return int(self._got)

    @property
    def size(self) -> int:
        """Octets of the package that is being fetched."""
        return 0 if self._package is None else self._package.octets

    @property
    def progress(self) -> float:
        """Share that is here, from 0 to 1."""
        return self.received / self.size if self.size else 0.0

    @property
    def deadline(self) -> float | None:
        """When something happens next."""
        return None if self._due == inf else self._due

    @property
    def _package(self) -> Package | None:
        return self.network.files.get(self._url)

    def order(self, url: str, at: float) -> None:
        """Fetch a package from a time on."""
        if not self.product.upgrade.is_there:
            raise LocalProtocolError(f"{self.product.title}: no firmware over the air")
        if self.stage is not Stage.IDLE:
            raise LocalProtocolError(f"an upgrade is under way: {self.stage.value}")
        self._url, self._due = url, at
        self.stage, self._got = Stage.ORDERED, 0.0

    def wants_link(self, now: float) -> bool:
        """Whether it cannot go on without a link."""
        return self.stage is Stage.DOWNLOADING or (self.stage is Stage.ORDERED and now >= self._due)

    def set_rate(self, rate_bps: float, now: float) -> None:
        """Say what the link gives from now on; 0 while there is none."""
        self.expire(now)
        self._rate_bps = rate_bps
        self.expire(now)

    def expire(self, now: float) -> None:
        """Go on as far as time lets it."""
        steps = {
            Stage.ORDERED: self._ordered,
            Stage.DOWNLOADING: self._downloading,
            Stage.VERIFYING: self._verifying,
            Stage.INSTALLING: self._installing,
            Stage.TRYING: self._trying,
        }
        while (before := self.stage) is not Stage.IDLE:
            steps[before](now)
            if self.stage is before:
                return

    def power_lost(self) -> None:
        """Lose power: what is here stays; an installation is undone."""
        if self.stage in (Stage.INSTALLING, Stage.TRYING):
            self._end(Result.INTERRUPTED)

    def _ordered(self, now: float) -> None:
        if now < self._due or not self._rate_bps:
            return
        refusal = self._refusal()
        if refusal is not None:
            self._end(refusal)
            return
        self.stage, self._since = Stage.DOWNLOADING, max(now, self._due)
        self._expect()

    def _refusal(self) -> Result | None:
        """Say why nothing is fetched."""
        rules, package = self.product.upgrade, self._package
        if rules.https_only and not self._url.startswith("https://"):
            return Result.NOT_SECURE
        if package is None:
            return Result.NO_FILE
        if self._url.startswith("https://") and package.authority not in rules.authorities:
            return Result.NOT_TRUSTED
        return Result.TOO_LONG if package.octets > rules.room else None

    def _downloading(self, now: float) -> None:
        if now < self._due:
            self._got += max(0.0, now - self._since) * self._rate_bps / 8
            self._since = now
            self._expect()
            return
        self._got = float(self.size)
        self.stage, self._due = Stage.VERIFYING, self._due + self.product.upgrade.verify_s

    def _expect(self) -> None:
        left = self.size - self._got
        self._due = self._since + left * 8 / self._rate_bps if self._rate_bps else inf

    def _verifying(self, now: float) -> None:
        if now < self._due:
            return
        package, rules = self._package, self.product.upgrade
        if package is None or package.digest != package.real_digest:
            self._end(Result.WRONG_DIGEST)
        elif package.model != self.product.name:
            self._end(Result.WRONG_MODEL)
        elif not rules.suits(package.version) or package.version <= self.version:
            self._end(Result.WRONG_VERSION)
        else:
            self.stage, self._due = Stage.INSTALLING, self._due + rules.install_s

    def _installing(self, now: float) -> None:
        if now >= self._due:
            self.stage, self._due = Stage.TRYING, self._due + self.product.timings.boot_s
            self.restart(now)

    def _trying(self, now: float) -> None:
        if now < self._due:
            return
        package = self._package
        if package is None or not package.starts:
            self._end(Result.ROLLED_BACK)
            self.restart(now)
            return
        self.version = package.version
        self._end(Result.SUCCESS)

    def _end(self, result: Result) -> None:
        self.stage, self.result, self._due = Stage.IDLE, result, inf
