/// Which header versions the version bits of a submit can mean.
public enum VersionRolling {
    /// One to three versions to try in their order, or none if the bits are refused.
    public struct Candidates: Sendable, Hashable, Sequence {
        private var versions: (UInt32, UInt32, UInt32) = (0, 0, 0)
        /// How many there are.
        public private(set) var count = 0

        fileprivate init() {}

        /// The version at `index`; nil beyond the last one.
        public subscript(index: Int) -> UInt32? {
            switch index {
            case 0 where self.count > 0: self.versions.0
            case 1 where self.count > 1: self.versions.1
            case 2 where self.count > 2: self.versions.2
            default: nil
            }
        }

        /// Appends `version` unless it is there already; never more than three are appended.
        fileprivate mutating func append(_ version: UInt32) {
            guard !self.contains(version) else {
                return
            }
            switch self.count {
            case 0: self.versions.0 = version
            case 1: self.versions.1 = version
            default: self.versions.2 = version
            }
            self.count = Swift.min(self.count + 1, 3)
        }

        public struct Iterator: IteratorProtocol {
            fileprivate let candidates: Candidates
            fileprivate var index = 0

            public mutating func next() -> UInt32? {
                defer { self.index += 1 }
                return self.candidates[self.index]
            }
        }

        public func makeIterator() -> Iterator {
            Iterator(candidates: self)
        }

        public static func == (left: Candidates, right: Candidates) -> Bool {
            left.count == right.count && left.versions == right.versions
        }

        public func hash(into hasher: inout Hasher) {
            hasher.combine(self.count)
            hasher.combine(self.versions.0)
            hasher.combine(self.versions.1)
            hasher.combine(self.versions.2)
        }
    }

    /// What `bits` make of a job's version: the masked bits replaced (BIP 310), then added to it (ckpool, DATUM, and
    /// what Bitaxe means), then a full version (miners of `mining.multi_version`).
    ///
    /// Nil bits leave the version alone. Bits outside the mask are refused, unless they are the job's own: then the
    /// parameter is a full version.
    public static func candidates(jobVersion: UInt32, mask: UInt32, bits: UInt32?) -> Candidates {
        var candidates = Candidates()
        guard let bits else {
            candidates.append(jobVersion)
            return candidates
        }
        if bits & ~mask == 0 {
            candidates.append(jobVersion & ~mask | bits)
            candidates.append(jobVersion | bits)
        }
        if bits & ~mask == jobVersion & ~mask {
            candidates.append(bits)
        }
        return candidates
    }
}
