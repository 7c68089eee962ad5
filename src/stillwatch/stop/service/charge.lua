-- Charges up to eight buckets (GCRA), all or none. KEYS: buckets; ARGV: the caller's time in
-- microseconds or 0 for the server's, then cost, rate and burst of each, in thousandths.
-- A bucket holds one number, the theoretical arrival time: the microsecond at which it is full.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local all = true
local asked, full = {}, {}
local told = {}
for i, key in ipairs(KEYS) do
  local cost, rate, burst = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
  local room = math.floor(burst * 1000000 / rate)
  local held = tonumber(redis.call('GET', key) or 0)
  if held > now + room then
    -- no charge leaves a bucket emptier than empty: this time is of a clock that stepped back
    held = now + room
    redis.call('SET', key, string.format('%.0f', held), 'PX', math.floor(room / 1000) + 1000)
  end
  local after = math.max(held, now) + math.ceil(cost * 1000000 / rate)
  local late = after - (now + room)
  held = math.max(held, now)
  full[i], asked[i] = held, after
  if late > 0 then
    all = false
    told[i] = {0, 0, late, held - now}
  else
    told[i] = {1, math.floor((now + room - after) * rate / 1000000), 0, after - now}
  end
end
for i, key in ipairs(KEYS) do
  local left = asked[i] - now
  if all and left > 0 then
    -- a bucket that is full again is the same as none; a second more, for the rounding of both
    redis.call('SET', key, string.format('%.0f', asked[i]), 'PX', math.floor(left / 1000) + 1000)
  elseif not all and told[i][1] == 1 then
    local rate, burst = tonumber(ARGV[3 * i]), tonumber(ARGV[3 * i + 1])
    local room = math.floor(burst * 1000000 / rate)
    told[i] = {1, math.floor((now + room - full[i]) * rate / 1000000), 0, full[i] - now}
  end
end
return told
