import Foundation
import Router
package import Stratum
import Yams

/// Reads configuration files.
package enum ConfigurationLoader {
    /// Reads one whole file. What it throws is shown to the operator.
    package typealias ReadFile = (_ path: String) throws(FileProblem) -> [UInt8]

    /// Why a file cannot be read.
    package enum FileProblem: Error, Sendable, Hashable {
        case missing
        /// With the system's words.
        case unreadable(String)
    }

    /// Loads the file at `path`; relative paths in it are relative to its folder.
    ///
    /// - Throws: All problems at once; ``ConfigurationErrors/isMissingFile`` tells a file that does not exist.
    package static func load(
        path: String,
        environment: [String: String],
        dialects: DialectRegistry = .standard
    ) throws(ConfigurationErrors) -> ServiceConfiguration {
        let bytes = try self.bytes(ofConfiguration: path)
        return try self.load(
            bytes: bytes, file: path, environment: environment, dialects: dialects, readFile: self.readFile
        )
    }

    /// Loads a configuration from `bytes`. `file` names it in messages and is the base of relative paths in it; files it
    /// mentions are read through `readFile`.
    ///
    /// - Throws: All problems at once.
    package static func load(
        bytes: [UInt8],
        file: String,
        environment: [String: String],
        dialects: DialectRegistry = .standard,
        readFile: @escaping ReadFile
    ) throws(ConfigurationErrors) -> ServiceConfiguration {
        let document = try self.document(bytes, file: file)
        var reader = ConfigurationReader(
            file: file, environment: environment, readFile: readFile, dialects: dialects, document: document
        )
        var service = Section<ServiceDraft>.service.read(document.root, title: "the file", reader: &reader).service
        service.warnings = try reader.finish()
        return service
    }

    /// Loads one section of the file at `path`, whatever the rest of it says. All else has its defaults.
    static func loadSection<Value>(
        _ name: String,
        _ section: Section<Value>,
        path: String,
        environment: [String: String]
    ) throws(ConfigurationErrors) -> Value {
        let document = try self.document(self.bytes(ofConfiguration: path), file: path)
        var reader = ConfigurationReader(
            file: path, environment: environment, readFile: self.readFile, document: document
        )
        guard case .mapping(let mapping) = document.root else {
            // Not even keys: let the whole file say what is wrong.
            _ = Section<ServiceDraft>.service.read(document.root, title: "the file", reader: &reader)
            _ = try reader.finish()
            return section.defaults
        }
        let node = mapping.first { $0.key.scalar?.string == name }?.value
        let value = section.read(node.flatMap { $0.isNull ? nil : reader.admit($0) }, title: name, reader: &reader)
        _ = try reader.finish()
        return value
    }

    /// Loads a file that is no configuration of the router. `check` looks for what is wrong with the whole.
    static func loadFile<Value>(
        _ section: Section<Value>,
        path: String,
        title: String,
        check: (Value, inout ConfigurationReader) -> Void
    ) throws(ConfigurationErrors) -> Value {
        let document = try self.document(self.bytes(ofConfiguration: path), file: path)
        var reader = ConfigurationReader(file: path, environment: [:], readFile: self.readFile, document: document)
        let value = section.read(document.root, title: title, reader: &reader)
        check(value, &reader)
        _ = try reader.finish()
        return value
    }

    private static func document(_ bytes: [UInt8], file: String) throws(ConfigurationErrors) -> YAMLDocument {
        do throws(DocumentProblem) {
            return try YAMLDocument(bytes: bytes)
        } catch {
            let problem = ConfigurationProblem(file: file, position: error.position, message: error.message)
            throw ConfigurationErrors(problems: [problem])
        }
    }

    private static func bytes(ofConfiguration path: String) throws(ConfigurationErrors) -> [UInt8] {
        do throws(FileProblem) {
            return try self.readFile(path)
        } catch {
            let message: String
            switch error {
            case .missing: message = "there is no such file; \"router-cli init\" prints a configuration to start from"
            case .unreadable(let reason): message = "cannot be read: \(reason)"
            }
            let problem = ConfigurationProblem(file: path, position: nil, message: message)
            throw ConfigurationErrors(problems: [problem], isMissingFile: error == .missing)
        }
    }

    /// Reads a file from disk, no more of it than the largest configuration has.
    package static func readFile(_ path: String) throws(FileProblem) -> [UInt8] {
        do {
            let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? handle.close() }
            return try Array(handle.read(upToCount: YAMLDocument.sizeLimit + 1) ?? Data())
        } catch CocoaError.fileReadNoSuchFile, CocoaError.fileNoSuchFile {
            throw .missing
        } catch {
            throw .unreadable(Self.reason(error))
        }
    }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        return underlying.domain == NSPOSIXErrorDomain
            ? String(cString: strerror(Int32(truncatingIfNeeded: underlying.code))) : error.localizedDescription
    }
}
