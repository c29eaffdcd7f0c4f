import Foundation
import GRDB

@testable import Persistence

/// What the release before left behind: a ledger of schema version 2, and journals of format 1.
enum FormerRelease {
    /// The content of `source`, a ledger of this release, as that release would have it at `path`.
    static func copy(_ source: TemporaryLedger, to path: String) throws {
        let database = try DatabaseQueue(path: path)
        try LedgerSchema.migrator.migrate(database, upTo: "v2")
        try database.writeWithoutTransaction { db in
            try db.execute(sql: "ATTACH ? AS source", arguments: [source.path])
            let tables = try String.fetchAll(
                db,
                sql: "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name <> 'grdb_migrations'"
            )
            for table in tables {
                let columns = try db.columns(in: table).map(\.name).joined(separator: ", ")
                try db.execute(sql: "INSERT INTO main.\(table) SELECT \(columns) FROM source.\(table)")
            }
            try db.execute(sql: "DETACH source")
        }
        try database.close()
    }

    /// The file of a journal segment with these shares; of a longer extranonce2 it has the first 16 bytes.
    static func journal(_ shares: [LedgerShare], sequence: Int64) -> Data {
        var file = Data("RRJRNL01".utf8)
        file.put(sequence)
        for share in shares {
            let payload = Self.payload(share)
            file.put(UInt32(payload.count))
            file.put(payload.withUnsafeBytes { JournalChecksum.value(of: $0) })
            file.append(payload)
            file.append(Data(count: (8 - file.count % 8) % 8))
        }
        return file + Data(count: 4_096)
    }

    private static func payload(_ share: LedgerShare) -> Data {
        var payload = Data([1])
        payload.put(share.id)
        payload.put(share.time)
        payload.put(share.session)
        payload.put(share.worker)
        payload.put(share.pool)
        payload.put(share.job)
        payload.put(share.difficulty.bitPattern)
        payload.put(share.shareDifficulty.bitPattern)
        payload.append(contentsOf: [share.forwarded ? 1 : 0, share.answeredImmediately ? 1 : 0, share.verdict.rawValue])
        payload.put(share.reason)
        payload.put(optional: share.reasonCode)
        let bytes = share.extranonce2.bytes.prefix(16)
        // One big-endian number in two words, the upper one first.
        let words = [UInt8](repeating: 0, count: 16 - bytes.count) + bytes
        payload.append(contentsOf: words[..<8].reversed())
        payload.append(contentsOf: words[8...].reversed())
        payload.append(UInt8(bytes.count))
        payload.put(share.ntime)
        payload.put(share.nonce)
        payload.put(optional: share.versionBits)
        return payload
    }
}

extension Data {
    fileprivate mutating func put<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.littleEndian) { self.append(contentsOf: $0) }
    }

    fileprivate mutating func put<Value: FixedWidthInteger>(optional value: Value?) {
        self.append(value == nil ? 0 : 1)
        if let value { self.put(value) }
    }
}
