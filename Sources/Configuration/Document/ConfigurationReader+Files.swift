extension ConfigurationReader {
    /// `path` as this process must open it: relative ones are relative to the folder of the configuration file.
    func resolve(path: String) -> String {
        guard !path.hasPrefix("/"), let slash = self.file.lastIndex(of: "/") else { return path }
        return self.file[...slash] + path
    }

    /// The text of the file at `path`; a problem and nil when it cannot be read.
    mutating func text(ofFile path: String, key: String, at position: TextPosition) -> String? {
        let path = self.resolve(path: path)
        do throws(ConfigurationLoader.FileProblem) {
            let bytes = try self.readFile(path)
            if let text = String(validating: bytes, as: UTF8.self) { return text }
            self.report("\(key): \(quoted(path)) is no UTF-8 text", at: position)
        } catch {
            switch error {
            case .missing: self.report("\(key): there is no file \(quoted(path))", at: position)
            case .unreadable(let reason): self.report("\(key): \(quoted(path)) cannot be read: \(reason)", at: position)
            }
        }
        return nil
    }

    /// Checks that the file at `path` looks like PEM, and returns the path to open it by.
    mutating func checkPEM(_ path: String, key: String, at position: TextPosition) -> String {
        if let text = self.text(ofFile: path, key: key, at: position), !text.contains("-----BEGIN ") {
            self.report("\(key): \(quoted(path)) is no PEM file; it has no line \"-----BEGIN …\"", at: position)
        }
        return self.resolve(path: path)
    }
}
