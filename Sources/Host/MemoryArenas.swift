import CMalloc
import Glibc

/// The parts of memory that threads take from and give back to without waiting for each other.
enum MemoryArenas {
    /// One a core, at least two. The C library would make up to eight a core, and what has once been taken into an arena is
    /// of no use to the threads of another.
    ///
    /// Has to come before there are many threads.
    static func limitToCores() {
        mallopt(M_ARENA_MAX, Int32(clamping: max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    }
}
