import Foundation

/// A path of its own, removed with everything in it when the value goes.
final class TemporaryFile {
    let path: String
    private let folder: URL

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        self.path = self.folder.appendingPathComponent("file.pem").path
    }

    func write(_ text: String) throws {
        try text.write(toFile: self.path, atomically: true, encoding: .utf8)
    }

    func copy(_ certificate: TestCertificate) throws {
        try self.write(String(contentsOfFile: certificate.path, encoding: .utf8))
    }

    deinit {
        try? FileManager.default.removeItem(at: self.folder)
    }
}
