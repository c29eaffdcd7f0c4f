import Stratum
import Yams

/// What is known while a document is read: where it comes from, what it may refer to, what was wrong so far.
struct ConfigurationReader {
    /// Values read in one file. Aliases let a small file describe billions.
    private static let valueLimit = 50_000
    /// Bytes of a single value.
    private static let textLimit = 4096

    /// The configuration file, as messages name it.
    let file: String
    /// Where `${NAME}` is looked up.
    let environment: [String: String]
    /// Opens the files that the configuration names.
    let readFile: ConfigurationLoader.ReadFile
    /// What routes may speak.
    let dialects: DialectRegistry
    /// See ``YAMLDocument/repeatedKeys``.
    let repeatedKeys: [TextPosition: String]
    private let anchors: [String: Node]
    private(set) var problems: [ConfigurationProblem] = []
    private var warnings: [ConfigurationProblem] = []
    private var valuesRead = 0

    init(
        file: String,
        environment: [String: String],
        readFile: @escaping ConfigurationLoader.ReadFile,
        dialects: DialectRegistry = .standard,
        document: YAMLDocument
    ) {
        self.file = file
        self.environment = environment
        self.readFile = readFile
        self.dialects = dialects
        self.repeatedKeys = document.repeatedKeys
        self.anchors = document.anchors
    }

    /// Records something that makes the configuration unusable.
    mutating func report(_ message: String, at position: TextPosition) {
        self.problems.append(ConfigurationProblem(file: self.file, position: position, message: message))
    }

    /// Records something that works but is probably not meant.
    mutating func warn(_ message: String, at position: TextPosition) {
        self.warnings.append(ConfigurationProblem(file: self.file, position: position, message: message))
    }

    /// `node`, or the value it is an alias of. nil, with a problem, if there is none, or when the file describes more
    /// values than any router needs.
    mutating func admit(_ node: Node) -> Node? {
        var node = node
        repeat {
            self.valuesRead += 1
            guard self.valuesRead < Self.valueLimit else {
                if self.valuesRead == Self.valueLimit {
                    let limit = "more than \(Self.valueLimit) values, with all aliases followed; use fewer"
                    self.report(limit, at: node.position)
                }
                return nil
            }
            guard case .scalar(let scalar) = node, scalar.style == .plain,
                let name = DocumentText.alias(in: scalar.string)
            else { return node }
            guard let value = self.anchors[name] else {
                // Without the name: it may be a password that should have been in quotes.
                let remedy = "mark the value with &name, or put a text that begins with * in quotes"
                self.report("this alias refers to nothing; \(remedy)", at: node.position)
                return nil
            }
            node = value
        } while true
    }

    /// Throws the problems, if any. Returns the warnings.
    func finish() throws(ConfigurationErrors) -> [ConfigurationProblem] {
        guard self.problems.isEmpty else { throw ConfigurationErrors(problems: Self.sorted(self.problems)) }
        return Self.sorted(self.warnings)
    }

    /// By place, each once: a value with an anchor is read as often as it is referred to.
    private static func sorted(_ problems: [ConfigurationProblem]) -> [ConfigurationProblem] {
        Set(problems).sorted {
            ($0.position ?? .start, $0.message) < ($1.position ?? .start, $1.message)
        }
    }

    /// The items of the list `node`; a problem and nil when it is none.
    mutating func items(_ node: Node, of key: String) -> Node.Sequence? {
        if case .sequence(let items) = node { return items }
        self.report("\(key): a list is needed here, each item on a line that begins with \"- \"", at: node.position)
        return nil
    }

    /// Reads the scalar `node` as `type`; a problem and nil when it is none. Null is the caller's business.
    mutating func value<Value>(_ node: Node, of key: String, as type: ValueType<Value>) -> Value? {
        guard case .scalar(let scalar) = node else {
            self.report("\(key): a single value is needed: \(type.name)", at: node.position)
            return nil
        }
        let text = DocumentText.restore(scalar.string)
        do throws(ValueProblem) {
            guard text.utf8.count <= Self.textLimit else {
                throw ValueProblem("the value is longer than \(Self.textLimit) bytes")
            }
            return try type.parse(EnvironmentText.expand(text, environment: self.environment))
        } catch {
            let shown = type.isSecret || error.isComplete ? "" : "\(quoted(text)) "
            self.report("\(key): \(shown)\(error.message)", at: node.position)
            return nil
        }
    }
}

extension Node {
    /// Where the value begins.
    var position: TextPosition {
        TextPosition(line: self.mark?.line ?? 1, column: self.mark?.column ?? 1)
    }

    /// True for a value that is not there: nothing at all, `~` or `null`, without quotes.
    var isNull: Bool {
        guard case .scalar(let scalar) = self, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }
}
