#ifndef CONCORD_CZLIB_H
#define CONCORD_CZLIB_H

#include <zlib.h>

#endif
