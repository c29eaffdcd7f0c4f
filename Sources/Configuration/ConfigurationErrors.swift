/// A place in a text: line and column from 1, columns counted in Unicode scalars.
package struct TextPosition: Sendable, Hashable, Comparable {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The first character.
    package static let start = TextPosition(line: 1, column: 1)

    /// Reading order.
    package static func < (left: Self, right: Self) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// One thing that is wrong, or doubtful, in a configuration file. Never contains a password.
package struct ConfigurationProblem: Sendable, Hashable, CustomStringConvertible {
    package var file: String
    /// nil when the file as a whole is meant.
    package var position: TextPosition?
    /// What is wrong and what would be right.
    package var message: String

    package init(file: String, position: TextPosition?, message: String) {
        self.file = file
        self.position = position
        self.message = message
    }

    /// `file:line:column: message`.
    package var description: String {
        guard let position = self.position else { return "\(self.file): \(self.message)" }
        return "\(self.file):\(position.line):\(position.column): \(self.message)"
    }
}

/// Why a configuration cannot be used: all its problems, sorted by place, never none.
package struct ConfigurationErrors: Error, Sendable, Hashable, CustomStringConvertible {
    package var problems: [ConfigurationProblem]
    /// The configuration file itself does not exist (exit code 66 rather than 78).
    package var isMissingFile: Bool

    package init(problems: [ConfigurationProblem], isMissingFile: Bool = false) {
        self.problems = problems
        self.isMissingFile = isMissingFile
    }

    /// One line for each problem.
    package var description: String { self.problems.map(\.description).joined(separator: "\n") }
}
