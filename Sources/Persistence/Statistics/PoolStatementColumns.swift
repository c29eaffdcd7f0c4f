/// Which columns of a statement are what.
struct PoolStatementColumns {
    var worker: Int?
    var time: Int
    var end: Int?
    var work: Int
    var unit: PoolStatementFormat.Unit

    private static let workerNames = ["worker", "workername", "workerid", "miner", "minername", "rig", "name"]
    private static let timeNames = [
        "time", "timestamp", "start", "starttime", "begin", "from", "since", "date", "datetime", "day", "hour",
        "period",
    ]
    private static let endNames = ["end", "endtime", "to", "until"]
    private static let workNames = [
        "credited", "creditedwork", "crediteddifficulty", "accepteddifficulty", "acceptedwork", "work", "difficulty",
        "diff", "accepted", "acceptedshares", "shares", "validshares", "hashes", "hashrate", "averagehashrate",
    ]

    /// As `format` names them, or by what such columns are usually called; `notes` says what was guessed.
    init(of table: CSVTable, _ format: PoolStatementFormat, _ notes: inout [String]) throws(CSVError) {
        let time = try Self.find(format.timeColumn, Self.timeNames, "time", in: table, &notes)
        let work = try Self.find(format.workColumn, Self.workNames, "work", in: table, &notes)
        let worker = try Self.find(format.workerColumn, Self.workerNames, "worker", in: table, &notes)
        let end =
            format.period != nil && format.endColumn == nil
            ? nil : try Self.find(format.endColumn, Self.endNames, "end", in: table, &notes)
        guard let time else { throw Self.missing("time", format.timeColumn, table) }
        guard let work else { throw Self.missing("work", format.workColumn, table) }
        if worker == nil { notes.append("no column of workers: each row is about the whole pool") }
        self.worker = worker
        self.time = time
        self.end = end
        self.work = work
        self.unit = try Self.unit(of: table.header[work], format)
    }

    private static func find(
        _ named: String?,
        _ known: [String],
        _ what: String,
        in table: CSVTable,
        _ notes: inout [String]
    ) throws(CSVError) -> Int? {
        if let named {
            guard let index = table.header.firstIndex(where: { $0.text == named }) else {
                throw Self.missing(what, named, table)
            }
            return index
        }
        let names = table.header.map { $0.text.lowercased().filter { $0.isLetter || $0.isNumber } }
        for candidate in known {
            guard let index = names.firstIndex(of: candidate) else { continue }
            notes.append("column '\(table.header[index].text)' is taken for the \(what)")
            return index
        }
        return nil
    }

    private static func missing(_ what: String, _ named: String?, _ table: CSVTable) -> CSVError {
        let names = table.header.map { "'\($0.text)'" }.joined(separator: ", ")
        let problem = named.map { "there is no column '\($0)'" } ?? "no column looks like the \(what)"
        return CSVError(
            line: table.header.first?.line ?? 1,
            column: 1,
            reason: "\(problem): name the one of the \(what) with --\(what)-column; there are \(names)"
        )
    }

    private static func unit(
        of header: CSVTable.Cell,
        _ format: PoolStatementFormat
    ) throws(CSVError) -> PoolStatementFormat.Unit {
        if format.unit == .shares, format.shareDifficulty == nil {
            throw header.error("the unit 'shares' needs --share-difficulty")
        }
        if let unit = format.unit { return unit }
        let name = header.text.lowercased()
        guard !name.contains("hash"), !name.contains("share"), name != "accepted" else {
            throw header.error("say with --unit what '\(header.text)' counts")
        }
        return .difficulty
    }
}
