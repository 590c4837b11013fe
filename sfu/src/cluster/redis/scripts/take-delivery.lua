do local refused = refusal('open') if refused then return refused end end
local lease = key('wl', call.roomName)
local by = redis.call('GET', lease)
if by and by ~= call.inst then return answer('done', false) end
if call.isLast == true then redis.call('DEL', lease) else redis.call('SET', lease, call.inst, 'PX', call.leaseMs) end
-- Behind the others, so that a name that is stuck hides none.
redis.call('ZADD', WAITING, 'XX', now, call.roomName)
return answer('done', true)
