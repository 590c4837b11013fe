do local refused = refusal('open') if refused then return refused end end
if is_dead(call.dead) then return answer('done', 'was_buried') end
if tonumber(redis.call('HGET', NODES, call.dead) or 0) ~= call.count then return answer('done', 'alive') end
bury_now(call.dead)
return answer('done', 'buried_now')
