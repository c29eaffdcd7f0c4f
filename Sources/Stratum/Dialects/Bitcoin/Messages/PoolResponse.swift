extension PoolResponse {
    /// The pool said yes: `result` is true and there is no error.
    public var isTrue: Bool {
        self.result == .bool(true) && (self.error == .null || self.error == .bool(false))
    }

    /// What the pool refused, or nil if it said yes. For the replies to a submit and an authorize: anything but true is
    /// a refusal of those.
    public var rejection: Rejection? {
        guard !self.isTrue else {
            return nil
        }
        switch self.error {
        case .array(let parts):
            let message = parts.value(at: 1).string ?? parts.value(at: 0).string ?? ""
            return Rejection(code: parts.value(at: 0).code, message: message)
        case .object(let members):
            return Rejection(code: members["code"]?.code, message: members["message"]?.string ?? "")
        case .string(let message):
            return Rejection(code: nil, message: message)
        case .integer, .number:
            return Rejection(code: self.error.code, message: self.rejectReason ?? "")
        case .null, .bool:
            return Rejection(code: nil, message: self.rejectReason ?? self.result.string ?? "")
        }
    }

    /// What the reply to `mining.subscribe` grants; nil if it is a refusal or makes no sense.
    public var subscription: PoolSubscription? {
        guard let result = self.result.array,
            let extranonce1 = result.value(at: 1).string.flatMap({
                Hex.decode($0, maximumCount: PoolSubscription.maximumExtranonce1Count)
            }),
            let size = result.value(at: 2).integer,
            (0...PoolSubscription.maximumExtranonce2Size).contains(size)
        else {
            return nil
        }
        return PoolSubscription(
            sessionID: Self.sessionID(in: result.value(at: 0).array ?? []),
            extranonce1: extranonce1,
            extranonce2Size: size
        )
    }

    /// The mask in the reply to `mining.configure`; nil if version rolling is refused.
    public var versionRollingMask: UInt32? {
        guard let result = self.result.object, result[ConfigureRequest.versionRolling] == .bool(true) else {
            return nil
        }
        return result["version-rolling.mask"]?.string.flatMap { Hex.uint32($0.utf8) }
    }

    /// The id beside `mining.notify`, in a list of pairs of any order or in a flat pair.
    private static func sessionID(in subscriptions: [JSONValue]) -> String? {
        let notify = JSONValue.string("mining.notify")
        let pairs = [subscriptions] + subscriptions.compactMap(\.array)
        let pair = pairs.first { $0.first == notify }
        guard let id = pair?.value(at: 1).string, !id.isEmpty else {
            return nil
        }
        return id
    }
}

extension JSONValue {
    /// An error code, written as a number or in a string.
    fileprivate var code: Int? {
        self.integer ?? self.string.flatMap { Int($0) }
    }
}
