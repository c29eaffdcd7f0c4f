import Glibc

/// When the pool received each share: memory that pool and miners share, one number a share.
struct ArrivalTimes {
    static let capacity = 1 << 22

    private let times: UnsafeMutablePointer<Int64>

    init(path: String) {
        let descriptor = open(path, O_RDWR | O_CREAT, 0o600)
        let size = Self.capacity * MemoryLayout<Int64>.size
        guard descriptor >= 0, ftruncate(descriptor, size) == 0,
            let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
        else { give(up: "cannot map \(path)") }
        Glibc.close(descriptor)
        self.times = memory.bindMemory(to: Int64.self, capacity: Self.capacity)
    }

    subscript(share: Int) -> Int64 {
        get { self.times[share & (Self.capacity - 1)] }
        nonmutating set { self.times[share & (Self.capacity - 1)] = newValue }
    }
}
