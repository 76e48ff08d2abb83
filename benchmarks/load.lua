-- What wrk runs: a request for other children each time, and the figures in one line of JSON at the end.
-- Arguments: a file of bodies, one a line; then a file of headers, one a line; then "checked" to look at every answer;
-- then how many milliseconds each connection rests before a request, on average (0: it never rests).

local requests, place = {}, 0

function init(arguments)
  for line in io.lines(arguments[2]) do
    local name, value = line:match("^([^:]+): (.*)$")
    wrk.headers[name] = value
  end
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, nil, body)
  end
  local pause = tonumber(arguments[4])
  if pause > 0 then
    delay = function()
      return -pause * math.log(1 - math.random())  -- as those who come by chance
    end
  end
  if arguments[3] == "checked" then
    response = function(status, headers, body)
      if status ~= 200 or body:find('"errors"', 1, true) then
        io.stderr:write("an answer that is none: ", status, " ", body:sub(1, 400), "\n")
        os.exit(1)
      end
    end
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"failed":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
