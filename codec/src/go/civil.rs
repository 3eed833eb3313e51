//! [`Civil`]: the calendar, as far as it takes to print a time.

use std::fmt;

/// A date and a time of day, of the Gregorian calendar in both directions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Civil {
    year: i128,
    month: u8,
    day: u8,
    second_of_day: u32,
}

const DAY: i128 = 86_400;

impl Civil {
    /// So many seconds after the start of year 1.
    pub(super) fn from_seconds(seconds: i128) -> Self {
        let second_of_day = seconds.rem_euclid(DAY);
        // Years that start in March end with the day that may be missing. March
        // 1 of year 0 is 306 days before year 1.
        let days = seconds.div_euclid(DAY) + 306;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        // Months from March on have 31, 30, 31, 30 and 31 days, over and over.
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 {
            (month + 3, 0)
        } else {
            (month - 9, 1)
        };
        Self {
            year: era * 400 + year + next,
            month: month as u8,
            day: day as u8,
            second_of_day: second_of_day as u32,
        }
    }
}

impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            second_of_day: second,
        } = self;
        let sign = if *year < 0 { "-" } else { "" };
        let year = year.unsigned_abs();
        let (hour, minute) = (second / 3600, second / 60 % 60);
        write!(
            f,
            "{sign}{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}",
            second % 60
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Day after day through 1200 years, as the calendar's rules say.
    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = (-399_i128, 1, 1);
        for days in -(400 * 365 + 97)..(800 * 365 + 2 * 97) {
            let civil = Civil::from_seconds(i128::from(days) * DAY + 86_399);
            let want = Civil {
                year,
                month,
                day,
                second_of_day: 86_399,
            };
            assert_eq!(civil, want);
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = match month {
                2 => 28 + u8::from(leap),
                4 | 6 | 9 | 11 => 30,
                _ => 31,
            };
            day += 1;
            if day > length {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!((year, month, day), (801, 1, 1));
    }
}
