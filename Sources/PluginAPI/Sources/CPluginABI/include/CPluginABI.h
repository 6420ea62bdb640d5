#ifndef CONCORD_PLUGIN_ABI_H
#define CONCORD_PLUGIN_ABI_H

/// The compiler that built whoever includes this header. `static inline` on purpose: a plugin carries its own answer,
/// so that the host can compare the two before it calls anything else.
static inline const char *concord_toolchain(void) { return __VERSION__; }

#endif
