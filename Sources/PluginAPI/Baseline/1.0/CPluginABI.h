#ifndef CONCORD_PLUGIN_ABI_H
#define CONCORD_PLUGIN_ABI_H

/// The version of PluginAPI that this header belongs to: a plugin of the same major version and no higher minor one runs.
#define CONCORD_PLUGIN_API_MAJOR 1
#define CONCORD_PLUGIN_API_MINOR 0

/// What a library was built with. Its layout never changes.
struct concord_plugin_build {
    unsigned int api_major;
    unsigned int api_minor;
    /// The compiler, as it names itself.
    const char *toolchain;
};

/// What built whoever includes this header. `static inline` on purpose: a plugin carries its own answer, so that the host
/// can compare the two before it calls anything else.
static inline struct concord_plugin_build concord_plugin_build_here(void) {
    struct concord_plugin_build build = {CONCORD_PLUGIN_API_MAJOR, CONCORD_PLUGIN_API_MINOR, __VERSION__};
    return build;
}

#endif
