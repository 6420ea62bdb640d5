"""Every rule of the contract's fields, broken once: (name, method, path, body, headers)."""

import json

from harness import at, position, trade

DELETE = object()


def changed(base, path, value):
    """A copy of `base` with the member at `path` replaced, or removed for DELETE."""
    copy = json.loads(json.dumps(base))
    target = copy
    for key in path[:-1]:
        target = target[key]
    if value is DELETE:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return copy


SNAPSHOT = {
    "account_id": "acc", "as_of": at(100), "completeness": "complete",
    "account": {"balance": 10000, "equity": 10010, "margin": 1, "credit": 0},
    "positions": [position(1, take_profit=1.2, stop_loss=1.0, comment="c", magic=7)],
    "flows": [{"flow_id": "f-1", "time": at(0), "amount": 10, "kind": "deposit"}],
    "quotes": [{"symbol": "EURUSD", "bid": 1.1, "ask": 1.2, "open": 1.1, "previous_close": 1.1, "time": at(100)}],
}
TRADE = trade("t-9", "acc", signal_id="s", approval_id="a", ticket=9, reference="r", comment="c", magic=1,
              take_profit=1.2, stop_loss=1.0, fills=[{"fill_id": "f", "volume": 0.1, "price": 1.1, "time": at(0)}])
SIGNAL = {"signal_id": "s-1", "account_id": "acc", "symbol": "EURUSD", "direction": "buy", "price": 1.1,
          "created_at": at(0), "volume": 0.1, "payload": {"a": 1}}
APPROVAL = {"approval_id": "a-1", "signal_id": "s-1", "account_id": "acc", "decision": "approved", "decided_by": "ann",
            "decided_at": at(0), "reason": "r"}
ACCOUNT = {"user_id": "U", "mode": "hedging", "currency": "USD", "time_zone": "Europe/London", "broker": "b",
           "login": "1", "snapshot_interval": "10s"}
INSTRUMENT = {"digits": 2, "pip": 0.1, "multiplier": 100, "quote_currency": "USD", "aliases": ["GOLD"]}
LEASE = {"account_id": "acc", "limit": 10, "seconds": 30}
CONFIRMATION = {"close_price": 1.1, "closed_at": at(0)}
FAILURE = {"reason": "the market is closed"}

ID = ["", "a b", "x" * 129, "é", 7, True, [], {}]
TIME = ["2026-01-05T10:00:00", "2026-13-05T10:00:00Z", "2026-02-30T10:00:00Z", "yesterday", "", 7, "2026-01-05T25:00:00Z"]
DECIMAL = ["abc", "1e3", "0.123456789", "92000000000", "", True, [], "1,5", "NaN", "0x10", " 1"]
POSITIVE = DECIMAL + [0, -1, "-0.5"]
TICKET = [0, -1, "abc", 1.5, "9223372036854775808", True, "", "1e3"]
SYMBOL = ["", "x" * 65, "é", "EUR\tUSD", 7]
TEXT = [7, True, [], {}]


def fields(name, base, prefix, rules, method="POST", path="/api/v1/snapshots", wrap=lambda body: body):
    for member, values in rules.items():
        for value in values:
            label = "missing" if value is DELETE else json.dumps(value)[:40]
            body = changed(base, [*prefix, member], value)
            yield (f"{name}.{member}={label}", method, path, wrap(body), None)


def cases():
    one = [DELETE]
    yield from fields("snapshot", SNAPSHOT, [], {
        "account_id": ID + one + [None], "as_of": TIME + one + [None], "completeness": ["all", "", 7, None] + one,
        "positions": [None, {}, "x", 7, [1], [None]] + one, "account": ["x", [], 7], "flows": ["x", {}, [1]],
        "quotes": ["x", {}, [1]], "error": [7, "text with complete"], "positons": [[]], "surprise": [1]})
    yield from fields("account", SNAPSHOT, ["account"], {
        "balance": DECIMAL, "equity": DECIMAL, "margin": DECIMAL[:4], "credit": DECIMAL[:4], "blance": [1]})
    yield from fields("position", SNAPSHOT, ["positions", 0], {
        "ticket": TICKET + one, "symbol": SYMBOL + one, "direction": ["long", "", 7, None] + one,
        "volume": POSITIVE + one, "entry_price": POSITIVE + one, "entry_time": TIME + one, "current_price": POSITIVE + one,
        "take_profit": DECIMAL[:5] + [-1], "stop_loss": DECIMAL[:5] + [-1], "profit": DECIMAL[:5], "swap": DECIMAL[:5],
        "commission": DECIMAL[:5], "taxes": DECIMAL[:5], "comment": TEXT, "magic": ["abc", 1.5, True], "volumes": [1]})
    yield from fields("flow", SNAPSHOT, ["flows", 0], {
        "flow_id": ID[:4] + one, "time": TIME[:4] + one, "amount": DECIMAL[:5] + [-10] + one, "kind": ["gift", 7] + one,
        "knd": ["deposit"]})
    yield from fields("quote", SNAPSHOT, ["quotes", 0], {
        "symbol": SYMBOL + one, "bid": DECIMAL[:4] + [0, -1, 1.3], "ask": DECIMAL[:4] + [0], "open": DECIMAL[:4] + [0],
        "previous_close": DECIMAL[:4] + [0], "time": TIME[:4] + one, "asks": [1]})
    yield ("two positions, one ticket", "POST", "/api/v1/snapshots",
           {**SNAPSHOT, "positions": [position(1), position(1, volume=0.2)]}, None)
    yield ("flow.withdrawal above zero", "POST", "/api/v1/snapshots",
           changed(SNAPSHOT, ["flows", 0, "kind"], "withdrawal"), None)
    yield ("no profit and a foreign quote currency", "POST", "/api/v1/snapshots",
           {**SNAPSHOT, "positions": [changed(position(1, symbol="USDJPY"), ["profit"], DELETE)]}, None)
    yield ("failed with positions", "POST", "/api/v1/snapshots", {**SNAPSHOT, "completeness": "failed", "error": "x"}, None)
    yield ("failed without error", "POST", "/api/v1/snapshots",
           {"account_id": "acc", "as_of": at(100), "completeness": "failed", "positions": []}, None)
    yield ("from the future", "POST", "/api/v1/snapshots", {**SNAPSHOT, "as_of": "2099-01-01T00:00:00Z"}, None)
    yield ("unknown account", "POST", "/api/v1/snapshots", {**SNAPSHOT, "account_id": "absent"}, None)
    for name, text in {
        "empty": "", "not JSON": "{", "a number": "7", "an array": "[]", "trailing": "{} x", "a name twice": '{"a":1,"a":2}',
        "deep": "[" * 100 + "]" * 100, "bad escape": '{"a":"\\x"}', "lone surrogate": '{"a":"\\ud800"}', "null": "null",
        "leading zero": '{"a":01}', "control character": '{"a":"\x01"}',
    }.items():
        yield (f"body: {name}", "POST", "/api/v1/snapshots", text, None)
    yield ("body: not UTF-8", "POST", "/api/v1/snapshots", b'{"a":"\xff"}', None)
    yield ("content type", "POST", "/api/v1/snapshots", "x", {"Content-Type": "text/plain"})

    array = lambda body: [body]
    yield from fields("trade", TRADE, [], {
        "trade_id": ID[:5] + one, "account_id": ID[:4] + one, "symbol": SYMBOL + one, "direction": ["up", 1] + one,
        "volume": POSITIVE[:4] + [0, -1] + one, "entry_price": [0, -1, "1e1"] + one, "entry_time": TIME[:3] + one,
        "status": ["opne", 1] + one, "ticket": TICKET, "signal_id": ID[:4], "reference": [7], "comment": [7],
        "magic": ["x"], "take_profit": ["x", -1], "stop_loss": ["x", -1], "closed_at": TIME[:2], "close_price": [0, "x"],
        "fills": ["x", [1], [{}]], "volum": [1]}, path="/api/v1/trades", wrap=array)
    yield from fields("signal", SIGNAL, [], {
        "signal_id": ID[:4] + one, "symbol": SYMBOL[:3] + one, "direction": ["up"] + one, "price": [0, "x"] + one,
        "created_at": TIME[:3] + one, "volume": [0, "x"], "payload": [7], "prise": [1]}, path="/api/v1/signals", wrap=array)
    yield from fields("approval", APPROVAL, [], {
        "approval_id": ID[:4] + one, "signal_id": ID[:3] + one, "decision": ["maybe", 1] + one, "decided_by": ["", 7] + one,
        "decided_at": TIME[:3] + one, "reason": [7], "reson": ["x"]}, path="/api/v1/approvals", wrap=array)
    yield ("trades: an object", "POST", "/api/v1/trades", TRADE, None)
    yield ("trades: bad second line", "POST", "/api/v1/trades", json.dumps(TRADE) + "\n{\n",
           {"Content-Type": "application/x-ndjson"})
    yield from fields("account", ACCOUNT, [], {
        "user_id": ID[:5] + one, "mode": ["net", 1], "currency": ["usd dollars", "", 7, "EU"] + one,
        "time_zone": ["Mars/Olympus", 7, "UTC+99:00"], "broker": [7], "login": [7], "snapshot_interval": ["often", 7, "0s"],
        "curency": ["USD"]}, method="PUT", path="/api/v1/accounts/acc")
    yield from fields("instrument", INSTRUMENT, [], {
        "digits": [-1, 9, "x", 1.5] + one, "pip": [0, "x"] + one, "multiplier": [0, "x"] + one,
        "quote_currency": ["dollar", 7] + one, "aliases": ["GOLD", [7], [""]], "digit": [1]},
        method="PUT", path="/api/v1/instruments/XAUUSD")

    breaks = "/api/v1/reconciliation/breaks/absent/"
    until, note = TIME + ["2026-01-01T00:00:00Z", "2099-01-01T00:00:00Z"], TEXT + ["", " \t", "x" * 4097, "a\u0000"]
    yield from fields("acknowledge", {"note": "n"}, [], {"until": until, "note": note, "untill": [at(0)]},
                      path=breaks + "acknowledge")
    yield from fields("snooze", {}, [], {"until": until + [None], "note": ["n"]}, path=breaks + "snooze")
    yield from fields("resolve", {"resolution": "accepted", "note": "n"}, [], {
        "resolution": ["auto", "Fixed", "", 7, None] + one, "note": note + [None] + one, "reason": ["x"]},
        path=breaks + "resolve")
    yield from fields("reopen", {}, [], {"note": note, "until": [at(0)]}, path=breaks + "reopen")
    yield ("snooze: nothing sent", "POST", breaks + "snooze", None, None)
    yield ("acknowledge: an array", "POST", breaks + "acknowledge", "[]", None)
    yield ("acknowledge: not JSON", "POST", breaks + "acknowledge", "{", None)
    yield ("acknowledge: a parameter", "POST", breaks + "acknowledge?until=2027-01-01", "{}", None)
    yield ("acknowledge: no such break", "POST", breaks + "acknowledge", "{}", None)
    for value in [7, "a b", None]:
        yield (f"rerun.account_id={value}", "POST", "/api/v1/reconciliation/runs", {"account_id": value}, None)
    yield ("rerun.account", "POST", "/api/v1/reconciliation/runs", {"account": "acc"}, None)

    commands = "/api/v1/close-commands"
    yield from fields("lease", LEASE, [], {
        "account_id": ID + one, "limit": [0, 501, "x", 1.5, True] + one, "seconds": [0, 3601, "x", 1.5, True] + one,
        "second": [1]}, path=f"{commands}/lease")
    yield from fields("confirmation", CONFIRMATION, [], {
        "close_price": POSITIVE + one, "closed_at": TIME + one, "closed": [1]}, path=f"{commands}/cmd-none/confirm")
    yield from fields("failure", FAILURE, [], {
        "reason": ["", " ", 7, True, "x" * 1025, "a\u0000b"] + one, "raeson": ["x"]}, path=f"{commands}/cmd-none/fail")
    yield ("lease: unknown account", "POST", f"{commands}/lease", {**LEASE, "account_id": "absent"}, None)
    yield ("lease: an array", "POST", f"{commands}/lease", [LEASE], None)
    yield ("confirmation: unknown command", "POST", f"{commands}/cmd-none/confirm", CONFIRMATION, None)
    yield ("failure: unknown command", "POST", f"{commands}/cmd-none/fail", FAILURE, None)
    for text in ["status=open", "status=pending,pending", "status=", "limit=0", "cursor=abc", "symbol=EURUSD"]:
        yield (f"close-commands?{text}", "GET", f"{commands}?account_id=acc&{text}", None, None)

    query = "/api/v1/reconciliation/logs?account_id=acc"
    for text in ["limit=0", "limit=501", "limit=x", "limit=1.5", "limit=", "limit=1&limit=2", "hours=0", "hours=721",
                 "event_type=nothing", "cursor=abc", "cursor=", "symbol=" + "x" * 65, "symbol=", "limt=1", "account_id=other",
                 "symbol=%zz"]:
        yield (f"logs?{text}", "GET", f"{query}&{text}", None, None)
    for text in ["status=closed", "status=open,open", "class=nothing", "min_age=5", "min_age=-5m", "limit=9999999999999999999"]:
        yield (f"breaks?{text}", "GET", f"/api/v1/reconciliation/breaks?account_id=acc&{text}", None, None)
    for text in ["from=yesterday", "to=2026-01-01", "from=2026-01-01T00:00:00"]:
        yield (f"closed?{text}", "GET", f"/api/v1/positions/closed?account_id=acc&{text}", None, None)
    for path in ["/api/v1/nothing", "/nothing", "/api/v1/positions/absent?account_id=acc", "/api/v1/accounts/a%20b",
                 "/api/v1/accounts/%zz", "/api/v1/reconciliation/breaks/absent?account_id=acc",
                 "/api/v1/reconciliation/runs/absent?account_id=acc", "/api/v1//accounts"]:
        yield (path, "GET", path, None, None)
    yield ("statement without account", "POST", "/api/v1/statements", b"<html></html>", {"Content-Type": "text/html"})
    yield ("statement that is none", "POST", "/api/v1/statements?account_id=acc", b"<html></html>", {"Content-Type": "text/html"})
    yield ("statement of another kind", "POST", "/api/v1/statements?account_id=acc", b"x", {"Content-Type": "application/pdf"})
    yield ("CSV without as_of", "POST", "/api/v1/statements?account_id=acc", b"ticket\n1\n", {"Content-Type": "text/csv"})
    for name, query in {"no such account": "", "no currency": "&user_id=U", "no time zone": "&user_id=U&currency=USD",
                        "odd currency": "&user_id=U&currency=XXX1&time_zone=UTC", "unknown currency":
                        "&user_id=U&currency=QQQ&time_zone=UTC", "odd time zone": "&user_id=U&currency=USD&time_zone=Mars",
                        "no statement": "&user_id=U&currency=USD&time_zone=UTC"}.items():
        yield (f"statement of a new account: {name}", "POST", f"/api/v1/statements?account_id=new{query}",
               b"<html></html>", {"Content-Type": "text/html"})
    fill = {"volume": 91999999999, "price": 1.1, "time": at(0)}
    too_much = dict(trade("t-9"), fills=[dict(fill, fill_id=f"f-{n}") for n in range(3)])
    yield ("fills beyond a volume", "POST", "/api/v1/trades", [too_much], None)
    yield ("cost of a trade", "POST", "/api/v1/trades", [dict(trade("t-9"), volume=90000000000, entry_price=2000)], None)
    yield ("cost of a position", "POST", "/api/v1/snapshots",
           {"account_id": "acc", "as_of": at(5), "completeness": "complete",
            "positions": [position(9, volume=90000000000, entry_price=2000)]}, None)


def bad_tokens(good):
    head, payload, signature = good.split(".")
    flipped = "A" if signature[0] != "A" else "B"
    return {
        "none": None, "empty": "Bearer ", "no scheme": good, "basic": "Basic dTpw", "one part": "Bearer abc",
        "two parts": f"Bearer {head}.{payload}", "no signature": f"Bearer {head}.{payload}.",
        "another signature": f"Bearer {head}.{payload}.{flipped}{signature[1:]}",
        "algorithm none": f"Bearer eyJhbGciOiJub25lIn0.{payload}.", "four parts": f"Bearer {good}.x",
        "spaces": f"Bearer {good} x", "not base64": "Bearer %%%.%%%.%%%", "long": "Bearer " + "x" * 9000,
        "payload cut": f"Bearer {head}.{payload[:-4]}.{signature}",
    }
