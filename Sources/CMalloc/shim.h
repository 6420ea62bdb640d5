#ifndef CONCORD_CMALLOC_H
#define CONCORD_CMALLOC_H

#include <malloc.h>

#endif
