import Glibc

/// The processor time of this process and of the programs it ran, in microseconds.
struct ProcessTime {
    private let own: Int
    private let programs: Int

    static var now: ProcessTime {
        ProcessTime(
            own: used(__rusage_who_t(RUSAGE_SELF.rawValue)), programs: used(__rusage_who_t(RUSAGE_CHILDREN.rawValue)))
    }

    /// What a read took since then, of either.
    func since(_ begin: ProcessTime, reads: Int) -> (own: Int, programs: Int) {
        ((own - begin.own) / reads, (programs - begin.programs) / reads)
    }

    private static func used(_ whose: __rusage_who_t) -> Int {
        var usage = rusage()
        getrusage(whose, &usage)
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000 + usage.ru_utime.tv_usec
            + usage.ru_stime.tv_usec
    }
}
