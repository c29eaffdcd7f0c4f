#!/usr/bin/env python3
"""Checks that a router's ledger is what was sealed: docs/ledger-format.md says what is checked and why.

usage: verify_ledger.py [--public-key FILE] [--seal SEGMENT:HASH] LEDGER...

  --public-key FILE      every seal must be signed with this key (PEM, as `openssl pkey -pubout` makes it)
  --seal SEGMENT:HASH    this seal, kept elsewhere, must be in the chain

Opens the ledgers read-only. Each line of the answer begins with the ledger's path. Exit code: 0 all are good, 1 something
was altered, 2 something could not be read.
"""
import base64
import hashlib
import sqlite3
import struct
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

WIDTH = 1 << 18  # entry = segment × WIDTH + place
NONE = 2**63 - 1  # lowestJob and lowestStint of a segment without shares
DETAIL = (1, 2, 3)  # streams dropped with the shares; the others go with the rollups
TABLES = {2: "lateVerdict", 3: "sessionEvent", 5: "gap", 6: "poolEvent"}
NAMES = {1: "share", 4: "rollup", **TABLES}
REFUSALS = range(2, 8)


class Damage(Exception):
    """A value that the router cannot have written."""


class Text(bytes):
    """What SQLite holds as text, as opposed to a blob."""


# --- Canonical form --------------------------------------------------------------------------------------------------


def integer(value, width=8, signed=True):
    if type(value) is not int:
        raise Damage(f"{value!r} is no integer")
    try:
        return value.to_bytes(width, "big", signed=signed)
    except OverflowError:
        raise Damage(f"{value} is out of range") from None


def real(value):
    if type(value) is not float:
        raise Damage(f"{value!r} is no floating-point number")
    return struct.pack(">d", value)


def text(value):
    """NULL, the name of nobody, is the empty text."""
    if value is not None and type(value) is not Text:
        raise Damage(f"{value!r} is no text")
    return integer(len(value or b""), 2, signed=False) + (value or b"")


def present(value):
    if value is None:
        raise Damage("a text is missing")
    return text(value)


def byte(value):
    return integer(value, 1, signed=False)


def optional(value, encode):
    return b"\0" if value is None else b"\1" + encode(value)


def blob(value, size):
    if type(value) is not bytes or len(value) != size:
        raise Damage(f"a blob of {size} bytes is something else")
    return value


def sha256(data):
    return hashlib.sha256(data).digest()


# --- Ed25519 (RFC 8032, section 5.1) ---------------------------------------------------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    """Points in extended coordinates: x = X/Z, y = Y/Z, x y = T/Z."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def decompress(data):
    y, sign = int.from_bytes(data, "little") & (2**255 - 1), data[31] >> 7
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT % P
    if x * x % P != square or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(signature, message, key):
    a, r, s = decompress(key), decompress(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % ORDER
    left, right = multiply(s, BASE), add(r, multiply(k, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 == (left[1] * right[2] - right[1] * left[2]) % P


def public_key(path):
    lines = Path(path).read_text().split("-----")
    key = base64.b64decode(lines[lines.index("BEGIN PUBLIC KEY") + 1])
    if len(key) != 44 or key[:12] != bytes.fromhex("302a300506032b6570032100"):
        raise ValueError(f"{path} holds no Ed25519 public key")
    return key[12:]


# --- Rows ------------------------------------------------------------------------------------------------------------


def name(column, number):
    """SQL for a name; in place of one that is missing there is its number."""
    return f"coalesce({column}, CASE WHEN {number} = 0 THEN '' ELSE '#' || {number} END)"


def names(number, table="worker", alias=None):
    """SQL for the columns route and name of a worker or pool, and for the joins they need."""
    alias = alias or table
    return (f"{name(f'{alias}Route.name', f'{alias}.route')}, {name(f'{alias}.name', number)}",
            f"LEFT JOIN {table} {alias} ON {alias}.id = {number} LEFT JOIN route {alias}Route ON {alias}Route.id = {alias}.route")


WORKER, WITH_WORKER = names("s.worker")
POOL, WITH_POOL = names("s.pool", "pool")
FROM_POOL, WITH_FROM_POOL = names("s.fromPool", "pool", "f")
TO_POOL, WITH_TO_POOL = names("s.toPool", "pool", "t")
STINT_WORKER, WITH_STINT_WORKER = names("stint.worker")
JOB_POOL, WITH_JOB_POOL = names("coalesce(job.pool, -s.job)", "pool")
SESSION_WORKER, WITH_SESSION_WORKER = names("session.worker")
REASON, WITH_REASON = name("reason.text", "s.reason"), "LEFT JOIN reason ON reason.id = s.reason"
SHARES = f"""
    SELECT entry, shift, s.time, stint.session, {STINT_WORKER}, stint.difficulty, coalesce(job.pool, -s.job), {JOB_POOL},
        job.jobID, job.poolJobID, job.poolDifficulty, shareDifficulty, outcome, reasonCode, {REASON}, latency, claim, s.job,
        s.stint, stint.worker
    FROM share s LEFT JOIN stint ON stint.id = s.stint LEFT JOIN job ON job.id = s.job AND s.job > 0
    {WITH_STINT_WORKER} {WITH_JOB_POOL} {WITH_REASON} WHERE entry BETWEEN ? AND ? ORDER BY entry"""
ROLLUPS = f"""
    SELECT segment, {WORKER}, {POOL}, outcome, minute, shares, sessionWork, poolWork, places, s.worker, s.pool
    FROM rollup s {WITH_WORKER} {WITH_POOL} WHERE segment = ? ORDER BY s.worker, s.pool, outcome, minute"""
ROWS = {
    2: f"SELECT s.id, share, verdict, reasonCode, {REASON}, latency FROM lateVerdict s {WITH_REASON}",
    3: f"""SELECT s.id, s.time, s.session, closeReason, session.time, {SESSION_WORKER}, remote, userAgent
        FROM sessionEvent s LEFT JOIN session ON session.id = s.session {WITH_SESSION_WORKER}""",
    5: f"""SELECT s.id, beginTime, endTime, {WORKER}, {POOL}, verdict, forwarded, shares, sessionWork, poolWork
        FROM gap s {WITH_WORKER} {WITH_POOL}""",
    6: f"""SELECT s.id, time, kind, {POOL}, cause, detection, sessionsMoved, sharesLost, {FROM_POOL}, {TO_POOL}, detail
        FROM poolEvent s {WITH_POOL} {WITH_FROM_POOL} {WITH_TO_POOL}""",
}


def share_form(row, base_time, base_share):
    (entry, shift, time, session, route, worker, difficulty, _, pool_route, pool, job_id, pool_job_id, pool_difficulty, packed,
     outcome, code, reason, latency, claim, job, _, _) = row
    for number in (shift, time, job):
        integer(number)
    if session is None or (job > 0 and job_id is None):
        raise Damage("it refers to a stint or job that is not there")
    if type(claim) is not bytes or not 12 <= len(claim) <= 44:
        raise Damage("its claim is none")
    unknown = (Text(), Text(), 0.0)
    job_id, pool_job_id, pool_difficulty = (job_id, pool_job_id, pool_difficulty) if job > 0 else unknown
    return b"".join((
        b"\1", integer(entry), integer(base_share + entry % WIDTH + shift), integer(base_time + time), integer(session),
        text(route), text(worker), real(difficulty), text(pool_route), text(pool), present(job_id), present(pool_job_id),
        real(pool_difficulty), integer(packed), byte(outcome), optional(code, lambda c: integer(c, 4)), text(reason),
        optional(latency, integer), byte(len(claim)), claim))


def rollup_form(row):
    return b"".join((b"\4", integer(row[0]), *map(text, row[1:5]), byte(row[5]), integer(row[6]), integer(row[7]), real(row[8]),
                     real(row[9]), integer(row[10])))


def numbered_form(stream, row):
    head = byte(stream) + integer(row[0]) + integer(row[1])
    if stream == 2:
        return head + byte(row[2]) + optional(row[3], lambda c: integer(c, 4)) + text(row[4]) + optional(row[5], integer)
    if stream == 3:
        return b"".join((head, integer(row[2]), optional(row[3], text), optional(row[4], integer), *map(text, row[5:9])))
    if stream == 5:
        return b"".join((head, integer(row[2]), *map(text, row[3:7]), byte(row[7]), byte(row[8]), integer(row[9]),
                         real(row[10]), real(row[11])))
    return b"".join((head, present(row[2]), text(row[3]), text(row[4]), present(row[5]),
                     *(optional(number, integer) for number in row[6:9]), *map(text, row[9:13]), present(row[13])))


# --- The checks ------------------------------------------------------------------------------------------------------


class Verifier:
    def __init__(self, path, key=None, kept=None):
        self.path, self.key, self.kept, self.findings = path, key, kept, []
        self.db = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        self.db.text_factory = Text
        self.db.execute("BEGIN")
        if self.value("PRAGMA application_id") != 0x524C4752 or self.value("PRAGMA user_version") not in (2, 3):
            raise ValueError("no ledger of version 2 or 3")

    def value(self, sql, *arguments):
        row = self.db.execute(sql, arguments).fetchone()
        return row and row[0]

    def attempt(self, place, check, *arguments):
        """Runs a check; what it finds is put down with the place."""
        try:
            return check(*arguments)
        except (Damage, sqlite3.DatabaseError) as error:
            self.findings.append(f"{place}: {error}")
            return None

    def verify(self):
        self.detail_from = self.value("SELECT value FROM counter WHERE name = 'detailFrom'") or 1
        self.rollups_from = self.value("SELECT value FROM counter WHERE name = 'rollupsFrom'") or 1
        self.covered, self.floor, self.hashes, self.keys = dict.fromkeys(TABLES, 0), dict.fromkeys(TABLES, 0), {}, set()
        self.shares, self.count, number = 0, 0, 0
        # What the next seal may name as the one before: the hash that stands there, or that should.
        self.previous = {self.value("SELECT value FROM property WHERE name = 'genesis'")}
        columns = """segment, time, firstTime, lastTime, shares, forwarded, accepted, acceptedWork, sessionWork, lowestJob,
            lowestStint, previous, hash, publicKey, signature"""
        try:
            for seal in self.db.execute(f"SELECT {columns} FROM seal ORDER BY segment"):
                number += 1
                place = f"segment {seal[0]}" + "".join(f", {a} to {b}" for a, b in [map(utc, seal[2:4])] if a)
                if seal[0] != number:
                    self.findings.append(f"{place}: segment {number} is missing")
                    number = seal[0]
                self.segment(place, number, seal)
        except sqlite3.DatabaseError as error:
            self.findings.append(f"the seals after segment {number}: {error}")
        self.attempt(f"after segment {number}", self.tail, number + 1)
        self.attempt("retention", self.retention, number)
        if self.kept and self.hashes.get(self.kept[0]) != self.kept[1]:
            self.findings.append(f"segment {self.kept[0]}: its seal is not the one that was kept")
        return self.findings

    def segment(self, place, number, seal):
        parts = {row[0]: row[1:] for row in self.db.execute(
            "SELECT stream, first, last, rows, digest, blocks FROM sealPart WHERE segment = ? ORDER BY stream", (number,))}
        self.attempt(f"{place}, seal", self.seal, number, seal, parts)
        sums = None
        if number >= self.detail_from:
            if 1 in parts:
                sums = self.attempt(f"{place}, shares", self.check_shares, number, seal, parts[1])
            elif seal[9:11] != (NONE, NONE):
                self.findings.append(f"{place}, seal: lowestJob or lowestStint is wrong")
        if number >= self.rollups_from and 4 in parts:
            self.attempt(f"{place}, rollups", self.check_rollups, number, parts[4], sums)
        for stream in TABLES:
            if stream in parts:
                keep = number >= (self.detail_from if stream in DETAIL else self.rollups_from)
                self.attempt(f"{place}, {NAMES[stream]}", self.check_numbered, stream, parts[stream], keep)
        self.shares, self.count = self.shares + (seal[4] if type(seal[4]) is int else 0), self.count + 1

    def seal(self, number, seal, parts):
        (_, time, first, last, *counts, accepted_work, session_work, _, _, previous, stored, key, signature) = seal
        form = [b"stratum-router seal 1\n", blob(previous, 32), integer(number), integer(time), optional(first, integer),
                optional(last, integer), *map(integer, counts), real(accepted_work), real(session_work),
                optional(key, lambda k: blob(k, 32)), byte(len(parts))]
        for stream, part in parts.items():
            form += [byte(stream), *map(integer, part[:3]), blob(part[3], 32)]
        expected, self.hashes[number] = sha256(b"".join(form)), stored
        is_next, self.previous = previous in self.previous, {stored, expected}
        if not is_next:
            raise Damage("it does not follow the seal before")
        if stored != expected:
            raise Damage("its hash is not that of what it says")
        if not set(parts) <= set(NAMES) or (1 in parts) != (4 in parts) or (1 in parts) != (counts[0] > 0):
            raise Damage("its parts do not fit")
        for stream, part in parts.items():
            if part[4] is not None and (stream != 1 or sha256(part[4]) != part[3]):
                raise Damage("the digests of its blocks are not those that were sealed")
        if 1 in parts and parts[1][:3] != (number << 18, (number << 18) + counts[0] - 1, counts[0]):
            raise Damage("it covers other shares than those of the segment")
        if key is not None or signature is not None:
            if not is_signed(blob(signature, 64), expected, blob(key, 32)):
                raise Damage("its signature is wrong")
        if self.key and key != self.key:
            raise Damage("it is not signed with the key given")
        self.keys.add(key)

    def check_shares(self, number, seal, part):
        base = self.db.execute("SELECT baseTime, baseShare FROM segment WHERE id = ?", (number,)).fetchone()
        if base is None:
            raise Damage("the row in segment is missing")
        first, last, count, digest, blocks = part
        if blocks is None:
            raise Damage("the digests of its blocks are missing")
        block, times, jobs, stints, ids, sums = b"", [], [NONE], [NONE], [], {}
        totals, place, rows_per_bit = [0, 0, 0, 0.0, 0.0], 0, 1024
        while rows_per_bit * 64 < count:
            rows_per_bit *= 2
        for row in self.db.execute(SHARES, (number << 18, number << 18 | 0x3FFFF)):
            entry, identity = row[0], "a share"
            if entry != first + place:
                raise Damage(f"entries {first + place} to {entry - 1} are missing")
            if place >= count:
                raise Damage(f"entry {entry} was inserted")
            try:
                block += share_form(row, *base)
            except Damage as error:
                raise Damage(f"entry {entry}: {error}") from None
            ids.append(base[1] + place + row[1])
            place += 1
            if place % 64 == 0 or place == count:
                start = (place - 1) // 64 * 64
                if sha256(block) != blocks[start // 2:start // 2 + 32]:
                    raise Damage(f"something in entries {first + start} to {entry}, ids {min(ids)} to {max(ids)}, was changed")
                block, ids = b"", []
            times.append(base[0] + row[2])
            jobs += [row[19]] if row[19] > 0 else []
            stints.append(row[20])
            tally(sums, totals, row, times[-1], (place - 1) // rows_per_bit)
        if place < count:
            raise Damage(f"entries {first + place} to {last} are missing")
        if (min(times), max(times), *totals) != seal[2:9]:
            raise Damage("the sums of the seal are not those of the shares")
        if (min(jobs), min(stints)) != seal[9:11]:
            raise Damage("lowestJob or lowestStint of the seal is wrong")
        return sums

    def check_rollups(self, number, part, sums):
        form, rows = [], 0
        for row in self.db.execute(ROLLUPS, (number,)):
            key = (row[11], row[12], row[5], row[6])
            name = "rollup of worker {}, pool {}, outcome {}, minute {}".format(*key)
            try:
                form.append(rollup_form(row))
            except Damage as error:
                raise Damage(f"{name}: {error}") from None
            if sums is not None and sums.pop(key, None) != list(row[7:11]):
                raise Damage(f"{name}: it is not the sum of its shares")
            rows += 1
        if sums:
            raise Damage("the rollup of worker {}, pool {}, outcome {}, minute {} is missing".format(*min(sums)))
        if part[:3] != (0, 0, rows) or sha256(b"".join(form)) != part[3]:
            raise Damage("something in them was changed, removed or inserted")

    def check_numbered(self, stream, part, keep):
        first, last, count, digest, _ = part
        start, self.covered[stream] = self.covered[stream] + 1, last
        if first != start or last != first + count - 1:
            raise Damage(f"it covers rows {first} to {last}, but row {start} is the next")
        if not keep:
            self.floor[stream] = last
            return
        form, expected = [], first
        for row in self.db.execute(f"{ROWS[stream]} WHERE s.id BETWEEN ? AND ? ORDER BY s.id", (first, last)):
            if row[0] != expected:
                raise Damage(f"rows {expected} to {row[0] - 1} are missing")
            try:
                form.append(numbered_form(stream, row))
            except Damage as error:
                raise Damage(f"row {row[0]}: {error}") from None
            expected += 1
        if expected <= last:
            raise Damage(f"rows {expected} to {last} are missing")
        if sha256(b"".join(form)) != digest:
            raise Damage(f"something in rows {first} to {last} was changed")

    def tail(self, open_segment):
        """What no seal covers: only the open segment may be there, without holes."""
        for table, column, first, width in (("share", "entry", self.detail_from, 1 << 18), ("rollup", "segment", self.rollups_from, 1),
                                            ("segment", "id", self.detail_from, 1), ("sealPart", "segment", 1, 1)):
            allowed = {n for n, in self.db.execute("SELECT segment FROM seal WHERE shares > 0 OR ? = 'sealPart'", (table,))}
            allowed |= {open_segment} if table in ("share", "segment") else set()
            found = self.value(f"SELECT min({column}) FROM {table}")
            while found is not None:
                number = found // width
                if number < 1 or (number >= first and number not in allowed):
                    self.findings.append(f"segment {number}: a row in {table} that no seal covers")
                found = self.value(f"SELECT min({column}) FROM {table} WHERE {column} >= ?", (number + 1) * width)
        head = open_segment << 18
        count, last = self.db.execute("SELECT count(*), max(entry) FROM share WHERE entry BETWEEN ? AND ?",
                                      (head, head | 0x3FFFF)).fetchone()
        known = self.value("SELECT count(*) FROM segment WHERE id = ?", open_segment)
        if (count and last != head + count - 1) or (count > 0) != (known == 1):
            self.findings.append(f"segment {open_segment} (not sealed): a share or the segment's row is missing")
        for stream, table in TABLES.items():
            count, last = self.db.execute(f"SELECT count(*), max(id) FROM {table} WHERE id > ?", (self.covered[stream],)).fetchone()
            if count and last != self.covered[stream] + count:
                self.findings.append(f"{table}: rows after {self.covered[stream]} are missing")
            lowest = self.value(f"SELECT min(id) FROM {table}")
            if lowest is not None and lowest < 1:
                self.findings.append(f"{table}: row {lowest} was inserted")

    def retention(self, last):
        """The latest `pruned` event must say what the counters say."""
        said = self.value("SELECT detail FROM poolEvent WHERE kind = 'pruned' AND id > ? ORDER BY id DESC LIMIT 1", self.floor[6])
        counted = f"detail_from={self.detail_from} rollups_from={self.rollups_from}".encode()
        if (said or b"detail_from=1 rollups_from=1") != counted or not last + 1 >= self.detail_from >= self.rollups_from:
            self.findings.append("retention: rows were dropped without a record of it, or the record was changed")

    def summary(self):
        keys = ", ".join(sorted(key.hex() if key else "nobody" for key in self.keys)) or "nobody"
        newest = max(self.hashes, default=None)
        return (f"good: {self.shares} shares in {self.count} segments, signed by {keys}"
                + (f", details kept from segment {self.detail_from}" if self.detail_from > 1 else "")
                + (f", newest seal {newest}:{self.hashes[newest].hex()}" if newest else ""))


def tally(sums, totals, row, time, bit):
    """Adds a share to the sums of its rollup and of its seal, in double precision and in this order."""
    outcome, difficulty, pool_difficulty = row[14], row[6], row[12] if row[19] > 0 else 0.0
    verdict, forwarded = outcome & 15, not outcome & 16
    rollup = sums.setdefault((row[21], row[7], outcome & 31, time // 60000), [0, 0.0, 0.0, 0])
    rollup[0] += 1
    rollup[1] += difficulty
    rollup[2] += pool_difficulty if forwarded else 0.0
    places = (rollup[3] | 1 << bit) & (2**64 - 1)
    rollup[3] = places - 2**64 if places >> 63 else places
    totals[0] += 1
    totals[1] += forwarded
    totals[2] += verdict == 1
    totals[3] += pool_difficulty if verdict == 1 else 0.0
    totals[4] += difficulty if 1 <= verdict <= 10 and verdict not in REFUSALS or verdict == 0 else 0.0


def utc(milliseconds):
    if type(milliseconds) is not int or abs(milliseconds) > 2**47:
        return milliseconds
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds")


def main(arguments):
    key = kept = None
    while arguments and arguments[0] in ("--public-key", "--seal") and len(arguments) > 1:
        if arguments[0] == "--public-key":
            key = public_key(arguments[1])
        else:
            number, _, digest = arguments[1].partition(":")
            try:
                kept = (int(number), bytes.fromhex(digest))
            except ValueError:
                raise ValueError(f"--seal wants SEGMENT:HASH, not {arguments[1]}") from None
        arguments = arguments[2:]
    if not arguments or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    worst = 0
    for path in arguments:
        try:
            verifier = Verifier(path, key, kept)
            findings = verifier.verify()
        except (OSError, ValueError, sqlite3.Error) as error:
            print(f"{path}: cannot be read: {error}")
            worst = 2
            continue
        except (TypeError, OverflowError) as error:
            findings = [f"a value that the router never writes: {error}"]
        for line in findings or [verifier.summary()]:
            print(f"{path}: {line}")
        worst = max(worst, 1 if findings else 0)
    return worst


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
