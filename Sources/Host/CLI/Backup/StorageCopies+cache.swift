import PluginAPI

extension StorageCopies {
    /// Makes what the hosts' shared cache holds count no more: it was built from what was stored before.
    ///
    /// - Returns: What an operator must know and do when that fails; the restore has succeeded all the same.
    func clearSharedCache() async -> String? {
        guard let sharedCache else { return nil }
        var trouble: String?
        do {
            try await sharedCache.start()
            try await sharedCache.clear()
        } catch {
            let reason = if case ModuleError.unavailable(let reason) = error { reason } else { "\(error)" }
            trouble = """
                the shared cache was not cleared (\(reason)): for as long as its entries live, hosts may answer from before \
                the restore; before they start, remove the keys of cache.prefix from it or empty it
                """
        }
        await sharedCache.stop()
        return trouble
    }
}
