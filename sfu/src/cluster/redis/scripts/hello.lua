do local refused = refusal('any') if refused then return refused end end
ensure_era()
local former = redis.call('GET', key('host', call.host))
local buried
-- Whoever has another host meanwhile is another's former.
local is_there = former and former ~= call.inst and redis.call('HEXISTS', NODES, former) == 1
if is_there and (redis.call('HGET', key('n', former), 'host') or call.host) == call.host then
  bury_now(former)
  buried = former
end
redis.call('SET', key('host', call.host), call.inst, 'EX', REMEMBERED_S)
redis.call('HSETNX', NODES, call.inst, 0)
if tonumber(redis.call('HGET', NODES, call.inst)) == 0 then redis.call('HSET', NODES, call.inst, 1) end
redis.call('HSET', key('n', call.inst), 'host', call.host, 'facts', call.facts, 'lastBeatMs', now)
redis.call('EXPIRE', key('n', call.inst), 3600)
return answer('done', { buried = buried })
