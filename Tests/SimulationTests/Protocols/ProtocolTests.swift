import Testing

/// Whole runs of every protocol, one after another: each of them keeps two cores busy.
@Suite(.serialized, .timeLimit(.minutes(5))) enum ProtocolTests {}
