#if canImport(Glibc)
    import CHeap
#endif

/// How the C library keeps memory that is given back.
enum HeapSettings {
    /// Blocks of so many bytes are mapped, and unmapped when they are free. glibc raises its own limit to the largest block
    /// that was ever freed, up to 32 MiB: then the tables that grow with the sessions leave holes in the heap, a tenth of
    /// what a session takes.
    private static let mappedBlock: CInt = 64 * 1024

    /// For the whole process; to be called before it has much.
    static func apply() {
        #if canImport(Glibc)
            mallopt(M_MMAP_THRESHOLD, Self.mappedBlock)
        #endif
    }
}
