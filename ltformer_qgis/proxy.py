"""QGIS's proxy for child processes: pip knows none of QGIS's settings, but the variables every tool knows."""

from __future__ import annotations

from collections.abc import Sequence

from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtNetwork import QNetworkProxy

_SCHEMES = {
    QNetworkProxy.ProxyType.HttpProxy: "http",
    QNetworkProxy.ProxyType.HttpCachingProxy: "http",
    QNetworkProxy.ProxyType.Socks5Proxy: "socks5h",
}


def proxy_variables() -> dict[str, str]:
    """Returns HTTP_PROXY, HTTPS_PROXY and NO_PROXY as in QGIS's options, {} without a proxy; for the main thread.

    As variables and not as an option of pip: a command line can be read by others, and holds the password.
    """
    manager = QgsNetworkAccessManager.instance()
    return variables_of(manager.fallbackProxy(), [*manager.excludeList(), *manager.noProxyList()])


def variables_of(proxy: QNetworkProxy, excluded: Sequence[str]) -> dict[str, str]:
    """Returns the variables of a proxy; {} for none and for the system's, whose own variables the child has anyway."""
    scheme = _SCHEMES.get(proxy.type())
    if scheme is None or not proxy.hostName():
        return {}
    url = QUrl()
    url.setScheme(scheme)
    url.setHost(proxy.hostName())
    if proxy.port():
        url.setPort(proxy.port())
    if proxy.user():
        url.setUserName(proxy.user())
        url.setPassword(proxy.password())
    text = url.toString(QUrl.ComponentFormattingOption.FullyEncoded)
    found = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), text)
    hosts = [QUrl(address).host() or address for address in excluded if address]
    if hosts:
        found["NO_PROXY"] = found["no_proxy"] = ",".join(dict.fromkeys(hosts))
    return found
