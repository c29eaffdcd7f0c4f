import Yams

/// Why a text is no YAML document that a configuration can be read from.
struct DocumentProblem: Error {
    let position: TextPosition
    let message: String

    init(_ message: String, at position: TextPosition = .start) {
        self.position = position
        self.message = message
    }
}

/// A configuration file as a tree of values with their places.
struct YAMLDocument {
    /// More than any configuration needs.
    static let sizeLimit = 1 << 20
    /// Repeated keys that are reported beside all other problems. With more, they are reported first.
    private static let repeatedKeyLimit = 20

    /// Not null.
    let root: Node
    /// Values that aliases refer to, by name.
    let anchors: [String: Node]
    /// Keys that stand twice in a mapping: the earlier one, by place, with the name that was written there.
    let repeatedKeys: [TextPosition: String]

    /// - Throws: ``DocumentProblem`` for the one thing that keeps it from being read at all.
    init(bytes: [UInt8]) throws(DocumentProblem) {
        var text = try DocumentText(bytes: bytes)
        var repeatedKeys: [TextPosition: String] = [:]
        while true {
            do {
                // No rule resolves a type: what a value is depends on its key alone. Also, the rules are slow.
                let parser = try Parser(yaml: text.text, resolver: .basic, encoding: .utf8)
                guard let root = try parser.singleRoot(), !root.isNull else {
                    throw DocumentProblem("the file is empty; \"router-cli init\" prints a configuration to start from")
                }
                self.root = root
                self.repeatedKeys = repeatedKeys
                // The parser owns the names of anchors.
                self.anchors = withExtendedLifetime(parser) { Self.anchors(in: root) }
                return
            } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
                // The parser gives up here. Hide the earlier of the keys and go on, so that this is reported together
                // with everything else.
                let position = TextPosition(line: context.mark.line, column: context.mark.column)
                guard let name = duplicates.first, repeatedKeys.count < Self.repeatedKeyLimit,
                    text.hideKey(name, at: position, number: repeatedKeys.count)
                else {
                    let names = duplicates.prefix(3).map { quoted(DocumentText.restore($0)) }.joined(separator: ", ")
                    throw DocumentProblem("\(names): stands more than once in this mapping; keep one", at: position)
                }
                repeatedKeys[position] = name
            } catch let error as DocumentProblem {
                throw error
            } catch {
                throw DocumentProblem(error, in: text)
            }
        }
    }

    private static func anchors(in root: Node) -> [String: Node] {
        var anchors: [String: Node] = [:]
        var rest = [root]
        while let node = rest.popLast() {
            if let name = node.anchor?.rawValue { anchors[name] = node }
            switch node {
            case .mapping(let mapping): rest.append(contentsOf: mapping.values)
            case .sequence(let sequence): rest.append(contentsOf: sequence)
            case .scalar, .alias: break
            }
        }
        return anchors
    }
}

extension DocumentProblem {
    /// In our words where people are likely to stumble, else in those of the parser.
    fileprivate init(_ error: any Error, in text: DocumentText) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            let line = text.line(mark.line)
            let hint =
                if line.prefix(while: { $0 == " " || $0 == "\t" }).contains("\t") {
                    "; indent with spaces, not with tabs"
                } else if line.contains("]:") {
                    "; put an address in brackets in quotes, as in \"[::]:3333\""
                } else {
                    ""
                }
            let prefix = context.map { "\($0.text): " } ?? ""
            self.init("\(prefix)\(problem)\(hint)", at: TextPosition(line: mark.line, column: mark.column))
        case YamlError.reader(let problem, _, _, _):
            self.init("this is no text in UTF-8: \(problem)")
        default:
            self.init("this is no YAML: \(error)")
        }
    }
}
