do local refused = refusal('open') if refused then return refused end end
local stream = key('wh', call.roomName)
local ids, writers = {}, {}
for _, entry_id in ipairs(call.entryIds) do
  local found = redis.call('XRANGE', stream, entry_id, entry_id)
  if found[1] then
    local entry, flat = {}, found[1][2]
    for i = 1, #flat, 2 do entry[flat[i]] = flat[i + 1] end
    redis.call('XDEL', stream, entry_id)
    if not ids[entry.writer] then
      ids[entry.writer] = {}
      writers[#writers + 1] = entry.writer
    end
    table.insert(ids[entry.writer], entry.id)
    if entry.kind == 'room_started' and redis.call('EXISTS', key('r', entry.roomSid)) == 1 then
      redis.call('HSET', key('r', entry.roomSid), 'isStartDelivered', '1')
    end
  end
end
for _, writer in ipairs(writers) do mail(writer, { type = 'delivered', ids = ids[writer] }) end
if redis.call('XLEN', stream) == 0 then
  redis.call('DEL', stream, key('wl', call.roomName))
  redis.call('ZREM', WAITING, call.roomName)
end
return answer('done', 'done')
