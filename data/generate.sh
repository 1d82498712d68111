#!/usr/bin/env bash
# Writes sample CSVs: the same arguments give the same bytes, with any awk.
#   data/generate.sh                                 rewrites the samples of this folder
#   data/generate.sh departments | jobs              prints 12 departments, 60 jobs
#   data/generate.sh hires ROWS BAD_PERCENT SEED     prints hires; BAD_PERCENT of them lack one field
set -euo pipefail

departments() {
    awk 'BEGIN {
        n = split("Harbour Office,Chart Room,Customs Desk,Crew Services,Engine Works,Cargo Planning," \
                  "Ticketing,Safety,Catering,Dry Dock,Radio Room,Accounts", name, ",")
        for (i = 1; i <= n; i++) print i "," name[i]
    }'
}

jobs() {
    awk 'BEGIN {
        levels = split("Trainee,Junior,Senior,Lead,Chief", level, ",")
        trades = split("Navigator,Clerk,Mechanic,Electrician,Planner,Inspector,Steward,Welder," \
                       "Bookkeeper,Radio Operator,Dispatcher,Surveyor", trade, ",")
        for (t = 1; t <= trades; t++)
            for (l = 1; l <= levels; l++) print ++id "," level[l] " " trade[t]
    }'
}

# Names are random syllables. Departments are drawn unevenly and the last one never, so that metrics have a shape.
hires() {
    awk -v rows="$1" -v bad="$2" -v seed="$3" '
    function random(n) { state = (state * 16807) % 2147483647; return int(state / 2147483647 * n) }
    function word(k,  text) {
        for (text = ""; k > 0; k--) text = text onset[1 + random(onsets)] rhyme[1 + random(rhymes)]
        return toupper(substr(text, 1, 1)) substr(text, 2)
    }
    function leap(y) { return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) }
    function moment(  d, y, m, s) {    # any second of 2020, 2021 and 2022
        d = random(1096); s = random(86400)
        for (y = 2020; d >= 365 + leap(y); y++) d -= 365 + leap(y)
        for (m = 1; d >= days[m] + (m == 2 && leap(y)); m++) d -= days[m] + (m == 2 && leap(y))
        return sprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", y, m, d + 1, int(s / 3600), int(s % 3600 / 60), s % 60)
    }
    BEGIN {
        onsets = split("b,br,d,f,g,h,k,l,m,n,p,r,s,st,t,v", onset, ",")
        rhymes = split("a,al,an,e,el,en,i,il,in,o,or,os,u,un", rhyme, ",")
        split("31,28,31,30,31,30,31,31,30,31,30,31", days, ",")
        state = (seed * 7919 + 12345) % 2147483646 + 1
        for (i = 0; i < 8; i++) random(2)
        for (id = 1; id <= rows; id++) {
            field[0] = word(2) " " word(2 + random(2))
            field[1] = moment()
            u = random(1000) / 1000
            field[2] = 1 + int(11 * u * (0.4 + 0.6 * u))
            field[3] = 1 + random(60)
            if (random(10000) < bad * 100) field[random(4)] = ""
            print id "," field[0] "," field[1] "," field[2] "," field[3]
        }
    }'
}

case "${1:-}" in
    departments | jobs) "$1" ;;
    hires) hires "${2:-1000}" "${3:-4}" "${4:-1}" ;;
    "")
        cd "$(dirname "$0")"
        departments > departments.csv
        jobs > jobs.csv
        hires 1000 4 1 > hired_employees.csv
        ;;
    *)
        sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
