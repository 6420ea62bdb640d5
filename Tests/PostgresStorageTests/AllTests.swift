import Testing

/// Everything that needs the servers, one test after the other: some of them end every connection there is.
@Suite("PostgreSQL", .serialized)
enum AllTests {}
