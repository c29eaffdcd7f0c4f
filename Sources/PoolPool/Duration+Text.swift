extension Duration {
    /// As the configuration writes it: `500ms`, `10s`, `5m`, `2h`.
    package var text: String {
        let milliseconds = self / .milliseconds(1)
        let seconds = milliseconds / 1000
        guard seconds == seconds.rounded(), seconds >= 1, seconds < 1e9 else {
            return "\(Int64(milliseconds.rounded()))ms"
        }
        let whole = Int64(seconds)
        if whole.isMultiple(of: 3600) { return "\(whole / 3600)h" }
        if whole.isMultiple(of: 60) { return "\(whole / 60)m" }
        return "\(whole)s"
    }
}
