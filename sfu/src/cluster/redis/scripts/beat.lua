do local refused = refusal('any') if refused then return refused end end
ensure_era()
redis.call('SET', key('host', call.host), call.inst, 'EX', REMEMBERED_S)
redis.call('HINCRBY', NODES, call.inst, 1)
for i = 1, math.min(#call.heard, MOST) do
  if not is_dead(call.heard[i]) then redis.call('HINCRBY', NODES, call.heard[i], 1) end
end
redis.call('HSET', key('n', call.inst), 'host', call.host, 'facts', call.facts, 'load', call.load, 'heard', cjson.encode(call.heard), 'lastBeatMs', now)
redis.call('EXPIRE', key('n', call.inst), 3600)
return answer('done', redis.call('HGETALL', NODES))
