do local refused = refusal('open') if refused then return refused end end
local first, second = call.a, call.b
if comes_first(second, first) then first, second = second, first end
if is_dead(first) then return answer('done', { loser = first }) end
if is_dead(second) then return answer('done', { loser = second }) end
local word = key('sp', cjson.encode({ call.roomSid, first, second }))
local loser = redis.call('GET', word)
if not loser then
  local function people(inst)
    return tonumber(redis.call('HGET', key('ph', call.roomSid), inst) or 0)
  end
  loser = people(first) < people(second) and first or second
  redis.call('SET', word, loser, 'PX', call.standsMs)
end
return answer('done', { loser = loser })
