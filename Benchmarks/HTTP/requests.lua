-- What wrk sends: the tokens of a file in rotation. A share of the requests asks what nobody has asked before.
--
-- Arguments: FILE PATH MISS_SHARE MISS_PATH FIRST PAUSE. FILE has a token a line. MISS_PATH ends where a moment follows that no
-- other request names; the moments of a run begin FIRST milliseconds after 1970. A connection pauses for PAUSE milliseconds on
-- average between an answer and its next request; without one at 0.

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(arguments)
    hits, misses = {}, {}
    missShare, owed = tonumber(arguments[3]), 0
    for token in io.lines(arguments[1]) do
        local fields = { Authorization = "Bearer " .. token }
        hits[#hits + 1] = wrk.format("GET", arguments[2], fields)
        if missShare > 0 then
            -- What comes before the moment, and what comes behind it.
            local text = wrk.format("GET", arguments[4], fields)
            local place = string.find(text, " HTTP/", 1, true)
            misses[#misses + 1] = { string.sub(text, 1, place - 1), string.sub(text, place) }
        end
    end
    -- Each run and thread begins elsewhere in the rotation, and has moments of its own.
    moment = tonumber(arguments[5]) + number * 1e10
    math.randomseed(moment)
    turn = math.random(#hits)
    local pause = tonumber(arguments[6])
    -- wrk asks for a pause only where there is a function of this name.
    if pause > 0 then
        delay = function() return math.random(0, 2 * pause) end
    end
end

function request()
    turn = turn % #hits + 1
    owed = owed + missShare
    if owed < 1 then return hits[turn] end
    owed, moment = owed - 1, moment + 1
    local text = os.date("!%Y-%m-%dT%H:%M:%S", math.floor(moment / 1000)) .. string.format(".%03dZ", moment % 1000)
    return misses[turn][1] .. text .. misses[turn][2]
end

-- One line for the program that has started wrk; times are in microseconds. What it took is told in full: how often each time.
function done(summary, latency)
    local errors, times = summary.errors, {}
    for place = 1, #latency do
        local time, count = latency(place)
        times[place] = string.format("[%d,%d]", time, count)
    end
    io.write(string.format(
        '{"requests": %d, "duration": %d, "bytes": %d, "refused": %d, "broken": %d, "p50": %d, "p95": %d, "p99": %d, "times": [%s]}\n',
        summary.requests, summary.duration, summary.bytes, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(95), latency:percentile(99),
        table.concat(times, ",")))
end
