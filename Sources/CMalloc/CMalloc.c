#include "CMalloc.h"

// Read by jemalloc when the process starts, before the environment's MALLOC_CONF, which may say otherwise.
//
// An arena a core, and pages that nobody uses are given back within a second: with more arenas, or for longer, memory that one
// thread has taken and another gives back lies idle in each of them.
const char *malloc_conf = "percpu_arena:percpu,dirty_decay_ms:1000,muzzy_decay_ms:0";
