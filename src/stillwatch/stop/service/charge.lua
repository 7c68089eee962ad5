-- Charges up to eight buckets, all or none, as stop/serving/kernels/gcra.py does in a process.
-- KEYS: buckets. ARGV: the caller's time in microseconds, or 0 for the server's; then cost, rate
-- and burst of each in thousandths. A bucket is the microsecond at which it will be full.
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local every = true
local dues, told = {}, {}
for i, key in ipairs(KEYS) do
  local rate = math.max(tonumber(ARGV[3 * i]), 1)
  -- numbers are doubles: below 9e9 thousandths all of this is exact
  local burst = math.min(math.max(tonumber(ARGV[3 * i + 1]), 1), 9000000000)
  local cost = math.min(math.max(tonumber(ARGV[3 * i - 1]), 0), burst)
  local full = math.ceil(burst * 1000000 / rate)
  local step = math.ceil(cost * 1000000 / rate)
  local held = dues[key] or tonumber(redis.call('GET', key) or 0)
  -- later than full can be only after a clock went back or a burst shrank: it is empty then
  local due = math.min(math.max(held, now), now + full)
  if not dues[key] and held > due then
    redis.call('SET', key, string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1000)
  end
  local wait = due + step - (now + full)
  if wait <= 0 then
    dues[key] = due + step
    local after = due + step - now
    told[i] = {1, math.floor((full - after) * rate / 1000000), 0, after}
  else
    every = false
    dues[key] = due
    told[i] = {0, 0, wait, due - now}
  end
end
if every then
  for key, due in pairs(dues) do
    if due > now then
      -- a full bucket is the same as none
      redis.call('SET', key, string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1000)
    end
  end
end
return told
