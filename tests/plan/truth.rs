//! The truth table as the plan and the simulator go by it.

use super::truth_table::ROWS;
use ringwalk::facts::version::Version;

#[test]
fn every_row_of_the_truth_table_is_what_was_measured() {
    for version in [(3, 11, 19), (4, 0, 19), (4, 1, 10), (5, 0, 6)] {
        let version = Version::new(version.0, version.1, version.2);
        for (number, row) in ROWS.iter().enumerate() {
            assert_eq!(row.said(version), row.expected(version), "row {number} on {version}");
        }
    }
}
