import Foundation
import Glibc
import Testing

@testable import ControlAPI

@Suite struct UnixSocketFileTests {
    /// Binds and closes at once, as a process does that dies: the file stays.
    private func leaveStaleSocket(at path: String) throws {
        let (_, descriptor) = try UnixSocketFile.bind(path: path)
        close(descriptor)
    }

    @Test func ownerAndGroupMayConnect() async throws {
        try await withTemporaryFolder { folder in
            let (file, descriptor) = try UnixSocketFile.bind(path: folder + "/s")
            defer { close(descriptor) }
            var status = stat()
            #expect(lstat(folder + "/s", &status) == 0)
            #expect(status.st_mode & S_IFMT == S_IFSOCK)
            #expect(status.st_mode & 0o777 == 0o660)
            file.remove()
            #expect(lstat(folder + "/s", &status) != 0)
        }
    }

    @Test func socketOfDeadProcessIsReplaced() async throws {
        try await withTemporaryFolder { folder in
            try self.leaveStaleSocket(at: folder + "/s")
            let (_, descriptor) = try UnixSocketFile.bind(path: folder + "/s")
            defer { close(descriptor) }
            #expect(listen(descriptor, 1) == 0)
            #expect(throws: ControlServerError.inUse(folder + "/s")) { try UnixSocketFile.bind(path: folder + "/s") }
        }
    }

    @Test func livingSocketIsRefusedAndStaysUsable() async throws {
        try await withTemporaryFolder { folder in
            let (_, descriptor) = try UnixSocketFile.bind(path: folder + "/s")
            defer { close(descriptor) }
            // A backlog of 0 is soon full, which must not look like death.
            #expect(listen(descriptor, 0) == 0)
            for _ in 0..<5 {
                #expect(throws: ControlServerError.inUse(folder + "/s")) {
                    try UnixSocketFile.bind(path: folder + "/s")
                }
            }
            #expect(FileManager.default.fileExists(atPath: folder + "/s"))
        }
    }

    @Test func socketOfAnotherKindIsRefused() async throws {
        try await withTemporaryFolder { folder in
            let receiver = try DatagramReceiver(path: folder + "/s")
            #expect(throws: ControlServerError.inUse(folder + "/s")) { try UnixSocketFile.bind(path: folder + "/s") }
            receiver.close()
        }
    }

    @Test(arguments: ["file", "folder", "link", "dangling"])
    func whatIsNoSocketIsRefusedAndStays(kind: String) async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/s"
            let files = FileManager.default
            switch kind {
            case "file": try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
            case "folder": try files.createDirectory(atPath: path, withIntermediateDirectories: false)
            case "link":
                try self.leaveStaleSocket(at: folder + "/other")
                try files.createSymbolicLink(atPath: path, withDestinationPath: folder + "/other")
            default: try files.createSymbolicLink(atPath: path, withDestinationPath: folder + "/nothing")
            }
            #expect(throws: ControlServerError.notASocket(path)) { try UnixSocketFile.bind(path: path) }
            var status = stat()
            #expect(lstat(path, &status) == 0)
        }
    }

    @Test func missingFolderIsNamed() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/missing/s"
            let error = #expect(throws: ControlServerError.self) { try UnixSocketFile.bind(path: path) }
            #expect(error == .folderMissing(path))
            #expect(
                error?.description == """
                    control socket \(path): its folder does not exist; create it or choose another `control.socket`
                    """)
        }
    }

    @Test(arguments: ["", "/tmp/a\u{0}b", "/tmp/" + String(repeating: "x", count: 99)])
    func impossiblePathIsRefused(path: String) {
        #expect(throws: ControlServerError.invalidSocketPath(path, maximumLength: 103)) {
            try UnixSocketFile.bind(path: path)
        }
    }

    @Test func longestPathWorks() async throws {
        try await withTemporaryFolder { folder in
            let path = folder + "/" + String(repeating: "x", count: 103 - folder.utf8.count - 1)
            let (file, descriptor) = try UnixSocketFile.bind(path: path)
            close(descriptor)
            file.remove()
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func fileOfSomebodyElseIsNotRemoved() async throws {
        try await withTemporaryFolder { folder in
            let (mine, descriptor) = try UnixSocketFile.bind(path: folder + "/s")
            defer { close(descriptor) }
            // Renamed, not removed, so that its inode cannot be given to the next.
            #expect(rename(folder + "/s", folder + "/old") == 0)
            let (_, other) = try UnixSocketFile.bind(path: folder + "/s")
            defer { close(other) }
            mine.remove()
            #expect(FileManager.default.fileExists(atPath: folder + "/s"))
        }
    }
}
