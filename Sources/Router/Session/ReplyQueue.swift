package import NIOCore
package import Stratum

/// What the reply to a submit waits for.
package enum AwaitedShare: Sendable, Hashable {
    /// The pool's verdict on this share.
    case verdict(Int64)
    /// The router's own judgement, which is made elsewhere.
    case judgement(Int)
}

/// Answers to submits. Each goes out as soon as it is known, but those to requests of the same id go out in the order of the
/// requests: cpuminer gives every submit the id 4 and could not tell them apart otherwise.
package struct ReplyQueue: Sendable {
    private struct Entry: Sendable {
        var id: MessageID
        /// The share that is waited for; nil once the reply is known.
        var share: AwaitedShare?
        var reply: SubmitReply?
    }

    private var entries: [Entry] = []

    package init() {}

    /// Requests without an answer.
    package var count: Int { self.entries.count }

    /// The reply to `id` follows when `share` is settled.
    package mutating func await(_ share: AwaitedShare, id: MessageID) {
        self.entries.append(Entry(id: id, share: share, reply: nil))
    }

    /// The reply to `id` is known at once.
    package mutating func answer(
        _ reply: SubmitReply, id: MessageID, by dialogue: any MinerDialogue, into output: inout ByteBuffer
    ) {
        if self.entries.contains(where: { $0.id == id }) {
            self.entries.append(Entry(id: id, share: nil, reply: reply))
        } else {
            dialogue.answer(reply, to: id, into: &output)
        }
    }

    /// `share` is settled. False if no request waits for it.
    package mutating func settle(
        _ share: AwaitedShare, _ reply: SubmitReply, by dialogue: any MinerDialogue, into output: inout ByteBuffer
    ) -> Bool {
        guard let index = self.entries.firstIndex(where: { $0.share == share }) else { return false }
        let id = self.entries[index].id
        self.entries[index].share = nil
        self.entries[index].reply = reply
        // Write what is ready among the requests of this id, up to the first that is not.
        var position = 0
        while position < self.entries.count {
            if self.entries[position].id == id {
                guard let reply = self.entries[position].reply else { break }
                dialogue.answer(reply, to: id, into: &output)
                self.entries.remove(at: position)
            } else {
                position += 1
            }
        }
        return true
    }

    /// What was waited for has led to something else to wait for.
    package mutating func replace(_ share: AwaitedShare, by other: AwaitedShare) {
        guard let index = self.entries.firstIndex(where: { $0.share == share }) else { return }
        self.entries[index].share = other
    }
}
