"""A selection of the app's tests, on PostgreSQL. `make test-postgres` runs all of them."""

from tests.integration.database.test_database import (
    test_a_unit_of_work_that_fails_leaves_nothing,
    test_rows_cannot_point_nowhere,
)
from tests.integration.database.test_migrations import (
    test_down_and_up_again_with_rows_in,
    test_the_migrations_make_exactly_the_tables_of_the_models,
)
from tests.integration.matching.test_verification import (
    test_another_photo_of_the_person_matches,
    test_deleting_a_person_leaves_no_trace,
    test_deleting_while_others_verify_gives_them_a_decision_either_way,
    test_the_person_is_found_among_all,
)
from tests.integration.serving.test_jobs import (
    test_a_job_without_its_lease_cannot_commit,
    test_a_leased_job_is_not_taken_until_the_lease_ends,
    test_each_job_is_run_by_one_of_many_threads,
)
from tests.security.requests.test_limits import (
    make_limited,
    test_after_five_failures_in_a_row_there_is_a_wait_of_half_a_minute,
    test_an_addresss_requests_count_in_every_process,
)
from tests.security.stored.test_audit import test_the_database_itself_refuses_to_rewrite_it
from tests.security.stored.test_races import (
    test_entries_of_the_audit_log_at_the_same_moment_are_chained,
    test_one_of_two_concurrent_enrolments_of_an_identifier_wins,
    test_one_program_for_each_thread_is_answered_in_parallel,
    together,
)

__all__ = [
    "make_limited",
    "test_a_job_without_its_lease_cannot_commit",
    "test_a_leased_job_is_not_taken_until_the_lease_ends",
    "test_a_unit_of_work_that_fails_leaves_nothing",
    "test_after_five_failures_in_a_row_there_is_a_wait_of_half_a_minute",
    "test_an_addresss_requests_count_in_every_process",
    "test_another_photo_of_the_person_matches",
    "test_deleting_a_person_leaves_no_trace",
    "test_deleting_while_others_verify_gives_them_a_decision_either_way",
    "test_down_and_up_again_with_rows_in",
    "test_each_job_is_run_by_one_of_many_threads",
    "test_entries_of_the_audit_log_at_the_same_moment_are_chained",
    "test_one_of_two_concurrent_enrolments_of_an_identifier_wins",
    "test_one_program_for_each_thread_is_answered_in_parallel",
    "test_rows_cannot_point_nowhere",
    "test_the_database_itself_refuses_to_rewrite_it",
    "test_the_migrations_make_exactly_the_tables_of_the_models",
    "test_the_person_is_found_among_all",
    "together",
]
