def test_run_is_not_run_by_this_version(bench):
    code, message, span, _ = bench.fault(
        'SELECT * FROM iris TO RUN image/tool CMD "a" INTO t; SELECT * FROM t'
    )
    assert (code, span) == ("E0213", "TO RUN")
    assert message == "TO RUN is not run by this version"


def test_the_query_of_run_is_checked(bench):
    faults = bench.faults("SELECT * FROM irs TO RUN tool")
    assert [fault.code for fault in faults] == ["E0301", "E0213"]
