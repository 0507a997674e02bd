import { type Calendar, dayNumber, partsOfDay } from './calendar.ts';
import {
  daysFrom,
  type Holiday,
  latestYears,
  NEAR_DAYS,
  type Stretch,
  type Which,
  WIDE,
} from './stretches.ts';

/** "over Christmas", "last Easter": the latest that has begun. */
export function holidayNamed(
  calendar: Calendar,
  holiday: Holiday,
  year: number | null,
  which: Which,
): Stretch[] {
  const { year: thisYear } = partsOfDay(calendar.today);
  const of = (each: number): readonly [first: number, days: number] => {
    switch (holiday) {
      case 'christmas':
        return [dayNumber(each, 11, 24), 3];
      case 'christmasEve':
        return [dayNumber(each, 11, 24), 1];
      case 'newYearsEve':
        return [dayNumber(each, 11, 31), 1];
      case 'newYear':
        return [dayNumber(each, 0, 1) - 1, 2];
      case 'easter':
        return [easterSunday(each) - 2, 4];
      case 'goodFriday':
        return [easterSunday(each) - 2, 1];
      case 'pentecost':
        return [easterSunday(each) + 49, 2];
      case 'epiphany':
        return [dayNumber(each, 0, 6), 1];
      case 'boxingDay':
        return [dayNumber(each, 11, 26), 1];
      case 'halloween':
        return [dayNumber(each, 9, 31), 1];
      case 'valentine':
        return [dayNumber(each, 1, 14), 1];
      case 'thanksgiving':
        return [dayNumber(each, 10, 22 + ((10 - partsOfDay(dayNumber(each, 10, 1)).weekday) % 7)), 1];
    }
  };
  let latest = thisYear + 1;
  while (of(latest)[0] > calendar.today) latest--;
  const years: (readonly [number, number])[] = year === null ? latestYears(latest, which) : [[year, 1]];
  return years.flatMap(([each, weight]) => {
    const [first, days] = of(each);
    return [
      { ...daysFrom(first, days), weight },
      { ...daysFrom(first - NEAR_DAYS, days + 2 * NEAR_DAYS), weight: WIDE * weight, isNear: true },
    ];
  });
}

/** Easter Sunday of the western churches (Meeus, Jones and Butcher). */
function easterSunday(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const sum = h + l - 7 * m + 114;
  return dayNumber(year, Math.floor(sum / 31) - 1, (sum % 31) + 1);
}
